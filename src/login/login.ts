/**
 * Checks who logs in (contract/directory.ts). Each way in, a password, a SCRAM proof or a token, goes the same road:
 * throttle, check (password-check.ts, oauth/), audit. An unknown account costs and answers what a wrong password does;
 * SCRAM gets stand-in credentials for it, the same every time.
 *
 * Nothing logged here tells a password, nor a user name that is no address (people type their password there).
 */
import { createHash, createHmac } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import { DEFAULT_LOGIN, type LoginConfig } from '../config/login-config.ts';
import type { Login, LoginContext, LoginDenial, LoginResult, ScramCredentials, StandingSession } from '../contract/directory.ts';
import { addressKey, parseMailbox } from '../mail/address.ts';
import { asBuffer } from '../store/call.ts';
import type { StoredCredentials } from '../store/ops/directory.ts';
import { SCRAM_ITERATIONS, SCRAM_SALT_BYTES, verifyPassword } from '../store/password.ts';
import type { StoreClients } from '../store/store-clients.ts';
import { createBackends, type Backends } from './backends/backends.ts';
import { LoginThrottle, type Attempt } from './login-throttle.ts';
import { LoginTrail } from './login-trail.ts';
import { offeredByPolicy } from './mechanisms.ts';
import { createIntrospection, type Introspection } from './oauth/introspection.ts';
import { TokenCheck } from './oauth/token-check.ts';
import { PasswordCheck } from './password-check.ts';
import { isWithdrawn, passwordStamp, refusalOf } from './standing.ts';
import { StorePasswords } from './store-passwords.ts';
import type { Verdict } from './verdict.ts';

export interface LoginOptions {
  readonly store: Pick<StoreClients, 'directory' | 'logins'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The live one. Default: the store alone. */
  readonly config?: { readonly login?: LoginConfig };
  /** Compares a password with a stored hash; default argon2id. */
  readonly verify?: typeof verifyPassword;
}

export interface RunningLogin extends Login {
  /** Makes a mailbox for an address that a back end knows; false when none does. Rejects (temporary) when one does not answer. */
  provision(address: string): Promise<boolean>;
  /** Writes down the log-ins noted so far. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** The methods reject with a temporary Failure when the store or a back end does not answer, or too many wait (`login-busy`). */
export function createLogin(options: LoginOptions): RunningLogin {
  return new AccountLogin(options);
}

class AccountLogin implements RunningLogin {
  readonly #options: LoginOptions;
  readonly #throttle: LoginThrottle;
  readonly #trail: LoginTrail;
  readonly #backends: Backends;
  readonly #introspection: Introspection;
  readonly #passwords: PasswordCheck;
  readonly #tokens: TokenCheck;
  #standInSecret: Promise<Buffer> | undefined;
  #recalled: Promise<void> | undefined;

  constructor(options: LoginOptions) {
    const { store, clock, log, verify = verifyPassword } = options;
    const settings = (): LoginConfig => this.#settings;
    this.#options = options;
    this.#throttle = new LoginThrottle(clock);
    this.#trail = new LoginTrail({ store, clock, log, settings });
    this.#backends = createBackends({ store, clock, log, settings });
    this.#introspection = createIntrospection({ clock, settings });
    this.#passwords = new PasswordCheck({ store, settings, backends: this.#backends, hashes: new StorePasswords(clock, verify) });
    this.#tokens = new TokenCheck({ store, settings, backends: this.#backends, introspection: this.#introspection });
  }

  get mechanisms(): readonly string[] {
    return offeredByPolicy(this.#settings);
  }

  password(user: string, password: string, context: LoginContext): Promise<LoginResult> {
    const account = this.#keyOf(user);
    return this.#attempt(account, context, (attempt) => this.#passwords.check(account, password, context, attempt));
  }

  async scramSha256(user: string): Promise<ScramCredentials> {
    const account = this.#keyOf(user);
    const [known, standIn] = await Promise.all([this.#credentials(account), this.#standIn(account)]);
    // Only the main password has SCRAM credentials (docs/decisions/0187): where it does not open, nothing fits.
    if (!known || refusalOf(known, 'imap', this.#settings) !== undefined || !this.#backends.isOfStore(known)) return standIn;
    return {
      account: known.address,
      salt: asBuffer(known.scramSalt),
      iterations: known.scramIterations,
      storedKey: asBuffer(known.scramStoredKey),
      serverKey: asBuffer(known.scramServerKey),
    };
  }

  scramFinished(user: string, ok: boolean, context: LoginContext): Promise<LoginResult> {
    const account = this.#keyOf(user);
    return this.#attempt(account, context, async () => {
      const known = await this.#credentials(account);
      if (!known) return { kind: 'denied', account: undefined, reason: 'unknown-account', counts: true };
      if (!ok || !this.#backends.isOfStore(known)) return { kind: 'denied', account, reason: 'wrong-password', counts: true };
      const reason = refusalOf(known, context.service, this.#settings);
      return reason === undefined ? { kind: 'ok', account: known.address, stamp: passwordStamp(known) } : { kind: 'denied', account, reason, counts: reason !== 'second-factor' };
    });
  }

  bearer(user: string, token: string, context: LoginContext): Promise<LoginResult> {
    const account = user === '' ? undefined : this.#keyOf(user);
    const digest = createHash('sha256').update(token).digest('base64');
    return this.#attempt(account ?? '', context, async (attempt) => {
      const verdict = await this.#tokens.check(account, token);
      // A program that repeats an expired token is no guesser.
      return verdict.kind === 'denied' ? { ...verdict, counts: !attempt.knownWrong(digest), digest } : verdict;
    });
  }

  async withdrawn(sessions: readonly StandingSession[]): Promise<readonly boolean[]> {
    const accounts = new Map<string, StoredCredentials | undefined>();
    for (const { account } of sessions) if (!accounts.has(account)) accounts.set(account, await this.#credentials(account));
    return sessions.map((session) => isWithdrawn(accounts.get(session.account), session, this.#settings));
  }

  provision(address: string): Promise<boolean> {
    return this.#backends.provision(addressKey(address));
  }

  flush(): Promise<void> {
    return this.#trail.flush();
  }

  async close(): Promise<void> {
    await this.#trail.flush();
    await this.#backends.close();
    this.#introspection.close();
  }

  async #attempt(account: string, context: LoginContext, check: (attempt: Attempt) => Promise<Verdict>): Promise<LoginResult> {
    await (this.#recalled ??= this.#recall());
    const attempt = await this.#throttle.begin(account, context.clientAddress, () => this.#trail.isKnown(account, context.clientAddress));
    if (!attempt.allowed) {
      if (account !== '') this.#trail.note({ account, outcome: 'throttled' }, context);
      return this.#denied(account, { reason: 'throttled' }, context);
    }
    const { version } = this.#options.store.directory;
    let verdict: Verdict;
    try {
      verdict = await check(attempt);
    } catch (error) {
      attempt.abandoned();
      throw error;
    }
    if (verdict.kind === 'ok') {
      attempt.succeeded();
      const appPassword = verdict.appPassword === undefined ? {} : { appPassword: verdict.appPassword };
      this.#trail.note({ account: verdict.account, outcome: 'ok', ...appPassword }, context);
      return { kind: 'ok', account: verdict.account, ...appPassword, standing: { stamp: verdict.stamp, version } };
    }
    if (verdict.counts) attempt.failed(verdict.digest);
    else attempt.abandoned();
    if (verdict.account !== undefined) this.#trail.note({ account: verdict.account, outcome: verdict.reason, ...(verdict.appPassword === undefined ? {} : { appPassword: verdict.appPassword }) }, context);
    return this.#denied(account, verdict, context);
  }

  /** What was counted before a restart still counts. */
  async #recall(): Promise<void> {
    const { store, clock, log } = this.#options;
    try {
      for (const { account, clientAddress, times } of await store.logins.recentFailures(clock.now() - DIRECTORY_LIMITS.throttleWindowMs, RECALLED_MAX)) {
        this.#throttle.recall(account, clientAddress, times);
      }
    } catch (error) {
      log.warn('login.recall-failed', { error: String(error) });
    }
  }

  #credentials(account: string): Promise<StoredCredentials | undefined> {
    return this.#options.store.directory.credentials(account);
  }

  get #settings(): LoginConfig {
    return this.#options.config?.login ?? DEFAULT_LOGIN;
  }

  /** A user name is the full address, in any case; with `login.default-domain`, its local part will do. */
  #keyOf(user: string): string {
    const name = user.slice(0, USER_CHARS_MAX);
    const { defaultDomain } = this.#settings;
    return addressKey(name.includes('@') || defaultDomain === undefined ? name : `${name}@${defaultDomain}`);
  }

  async #standIn(account: string): Promise<ScramCredentials> {
    this.#standInSecret ??= this.#options.store.directory.secret('login-stand-in');
    let secret: Buffer;
    try {
      secret = await this.#standInSecret;
    } catch (error) {
      this.#standInSecret = undefined;
      throw error;
    }
    const derive = (purpose: string): Buffer => createHmac('sha256', secret).update(`${purpose}\0${account}`).digest();
    return {
      account,
      salt: derive('salt').subarray(0, SCRAM_SALT_BYTES),
      iterations: SCRAM_ITERATIONS,
      storedKey: derive('stored-key'),
      serverKey: derive('server-key'),
    };
  }

  #denied(account: string, { reason, oauth }: Pick<Extract<LoginResult, { kind: 'denied' }>, 'reason' | 'oauth'> & { readonly reason: LoginDenial }, context: LoginContext): LoginResult {
    const named = parseMailbox(account, { utf8: true }) ? { account } : {};
    // The service that asked tells it in its own event; this one is for finding out why.
    this.#options.log.debug('login.denied', { ...named, reason, service: context.service, clientAddress: context.clientAddress });
    return { kind: 'denied', reason, ...(oauth && { oauth }) };
  }
}

const USER_CHARS_MAX = 1000;
/** Rows of the audit that are looked at after a restart. */
const RECALLED_MAX = 10_000;
