/**
 * Is this the user's password? App passwords first, which cost nothing to look up; then the back ends in their order, of
 * which the store is one.
 *
 * Policy: the first back end that knows the user decides. An app password of an account that another back end vouches for
 * opens only while that back end still knows the user. With one-time codes on, mail programs need app passwords: the main
 * password alone would make the second factor worthless (login.totp-needs-app-passwords).
 */
import type { LoginConfig } from '../config/login-config.ts';
import type { LoginContext, LoginDenial } from '../contract/directory.ts';
import type { StoredCredentials } from '../store/ops/directory.ts';
import type { StoreClients } from '../store/store-clients.ts';
import { APP_PASSWORD_SECRET, appPasswordDigest, findAppPassword, fitsService } from './app-password.ts';
import type { Backends } from './backends/backends.ts';
import type { Attempt } from './login-throttle.ts';
import type { StorePasswords } from './store-passwords.ts';
import { appPasswordStamp, passwordStamp, refusalOf, STAMP_ELSEWHERE } from './standing.ts';
import type { Verdict } from './verdict.ts';

export interface PasswordCheckOptions {
  readonly store: Pick<StoreClients, 'directory'>;
  readonly settings: () => LoginConfig;
  readonly backends: Backends;
  readonly hashes: StorePasswords;
}

export class PasswordCheck {
  readonly #options: PasswordCheckOptions;
  #appSecret: Promise<Buffer> | undefined;

  constructor(options: PasswordCheckOptions) {
    this.#options = options;
  }

  async check(account: string, password: string, context: LoginContext, attempt: Attempt): Promise<Verdict> {
    const known = await this.#options.store.directory.credentials(account);
    const byApp = known && (await this.#appPassword(known, password, context));
    return byApp ?? this.#mainPassword(account, known, password, context, attempt);
  }

  /** Undefined: it is none of the app passwords. */
  async #appPassword(known: StoredCredentials, password: string, { service }: LoginContext): Promise<Verdict | undefined> {
    if (known.appPasswords.length === 0) return undefined;
    const found = findAppPassword(appPasswordDigest(await this.#secret(), known.address, password), known.appPasswords);
    if (!found) return undefined;
    const { address: account } = known;
    const denied = (reason: LoginDenial): Verdict => ({ kind: 'denied', account, reason, counts: false, appPassword: found.name });
    if (known.shared || known.disabled) return denied(known.shared ? 'shared' : 'disabled');
    if (!fitsService(found, service)) return denied('scope');
    if (!(await this.#options.backends.stillVouchesFor(known))) return denied('disabled');
    return { kind: 'ok', account, appPassword: found.name, stamp: appPasswordStamp(found) };
  }

  async #mainPassword(account: string, known: StoredCredentials | undefined, password: string, context: LoginContext, attempt: Attempt): Promise<Verdict> {
    const { backends } = this.#options;
    const digest = this.#options.hashes.digest(account, known?.hash, password);
    for (const backend of backends.list(account)) {
      if (backend === 'store') {
        const verdict = await this.#ofStore(account, known, password, context, attempt, digest);
        if (verdict) return verdict;
        continue;
      }
      const answer = await backends.check(backend, account, password);
      if (answer.kind === 'unknown') continue;
      if (answer.kind === 'ok') return this.#vouchedFor(answer.account, context);
      return { kind: 'denied', account: known?.address, reason: answer.kind === 'disabled' ? 'disabled' : 'wrong-password', counts: !attempt.knownWrong(digest), digest };
    }
    return { kind: 'denied', account: known?.address, reason: known ? 'wrong-password' : 'unknown-account', counts: !attempt.knownWrong(digest), digest };
  }

  /** Undefined: the store does not know the user, and the next one is asked. */
  async #ofStore(account: string, known: StoredCredentials | undefined, password: string, { service }: LoginContext, attempt: Attempt, digest: string): Promise<Verdict | undefined> {
    const own = known && this.#options.backends.isOfStore(known) ? known : undefined;
    // Somebody else vouches for it; for a name that nobody has here, the work is done all the same.
    if (known && !own) return undefined;
    // The same wrong password again is refused without a hash, and not counted.
    const knownWrong = attempt.knownWrong(digest);
    const right = !knownWrong && (await this.#options.hashes.fits(own?.hash, password, digest));
    if (!own) return undefined;
    if (!right) return { kind: 'denied', account, reason: 'wrong-password', counts: !knownWrong, digest };
    const reason = refusalOf(own, service, this.#options.settings());
    return reason === undefined ? { kind: 'ok', account: own.address, stamp: passwordStamp(own) } : { kind: 'denied', account, reason, counts: false };
  }

  /** A back end has said yes: the account here may still be closed. */
  async #vouchedFor(account: string | undefined, { service }: LoginContext): Promise<Verdict> {
    const known = account === undefined ? undefined : await this.#options.store.directory.credentials(account);
    if (!known) return { kind: 'denied', account: undefined, reason: 'unknown-account', counts: false };
    const reason = refusalOf(known, service, this.#options.settings());
    return reason === undefined ? { kind: 'ok', account: known.address, stamp: STAMP_ELSEWHERE } : { kind: 'denied', account: known.address, reason, counts: false };
  }

  async #secret(): Promise<Buffer> {
    this.#appSecret ??= this.#options.store.directory.secret(APP_PASSWORD_SECRET);
    this.#appSecret.catch(() => (this.#appSecret = undefined));
    return this.#appSecret;
  }
}
