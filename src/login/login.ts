/**
 * Checks who logs in (contract/directory.ts). An unknown account costs and answers what a wrong password does; SCRAM
 * gets stand-in credentials for it, the same every time.
 *
 * A password found right is remembered for minutes as an HMAC under a key of this process, together with the hash it
 * fits: a client that opens a connection for every message must not cost 25 ms and 19 MiB each time, and a changed
 * password is a changed hash, so that the memory of the old one fits nothing. Nothing logged here tells a password, nor a
 * user name that is no address (people type their password there).
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import { saslprep } from '../base/saslprep.ts';
import type { Log } from '../base/log.ts';
import { Semaphore } from '../base/semaphore.ts';
import type { Login, LoginContext, LoginResult, ScramCredentials } from '../contract/directory.ts';
import { addressKey, parseMailbox } from '../mail/address.ts';
import { asBuffer } from '../store/call.ts';
import type { DirectoryStore } from '../store/clients/directory.ts';
import { LoginThrottle } from './login-throttle.ts';
import type { StoredCredentials } from '../store/ops/directory.ts';
import { SCRAM_ITERATIONS, SCRAM_SALT_BYTES, unmatchableHash, verifyPassword } from '../store/password.ts';

export interface LoginOptions {
  readonly store: { readonly directory: DirectoryStore };
  readonly clock: Clock;
  readonly log: Log;
  /** Compares a password with a stored hash; default argon2id. */
  readonly verify?: typeof verifyPassword;
}

/** The methods reject with a temporary Failure when the store does not answer or too many wait (`login-busy`). */
export function createLogin(options: LoginOptions): Login {
  return new AccountLogin(options);
}

type DenialReason = Extract<LoginResult, { kind: 'denied' }>['reason'];

class AccountLogin implements Login {
  readonly #store: DirectoryStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #throttle: LoginThrottle;
  readonly #compare: typeof verifyPassword;
  readonly #hashing = new Semaphore(DIRECTORY_LIMITS.passwordHashesAtOnce);
  #waiting = 0;
  readonly #memoryKey = randomBytes(32);
  readonly #standInHash = unmatchableHash();
  /** Digest of what was right, to the monotonic time until which it counts. */
  readonly #right = new Map<string, number>();
  #secret: Promise<Buffer> | undefined;

  constructor({ store, clock, log, verify }: LoginOptions) {
    this.#compare = verify ?? verifyPassword;
    this.#store = store.directory;
    this.#clock = clock;
    this.#log = log;
    this.#throttle = new LoginThrottle(clock);
  }

  async password(user: string, password: string, context: LoginContext): Promise<LoginResult> {
    const account = keyOf(user);
    const attempt = await this.#throttle.begin(account, context.clientAddress);
    if (!attempt.allowed) return this.#denied(account, 'throttled', context);
    try {
      const known = await this.#credentials(account);
      const digest = this.#digest(account, known?.hash ?? this.#standInHash, password);
      const right = this.#isRemembered(digest) || (!attempt.knownWrong(digest) && (await this.#verify(known?.hash, password)));
      if (right && known && !known.disabled) {
        attempt.succeeded();
        this.#remember(digest);
        return { kind: 'ok', account: known.address };
      }
      // The same wrong password again is refused, and not counted.
      if (attempt.knownWrong(digest)) attempt.abandoned();
      else attempt.failed(digest);
      return this.#denied(account, reasonOf(known, right), context);
    } catch (error) {
      attempt.abandoned();
      throw error;
    }
  }

  async scramSha256(user: string): Promise<ScramCredentials> {
    const account = keyOf(user);
    const [known, standIn] = await Promise.all([this.#credentials(account), this.#standIn(account)]);
    if (!known || known.disabled) return standIn;
    return {
      account: known.address,
      salt: asBuffer(known.scramSalt),
      iterations: known.scramIterations,
      storedKey: asBuffer(known.scramStoredKey),
      serverKey: asBuffer(known.scramServerKey),
    };
  }

  async scramFinished(user: string, ok: boolean, context: LoginContext): Promise<LoginResult> {
    const account = keyOf(user);
    const attempt = await this.#throttle.begin(account, context.clientAddress);
    if (!attempt.allowed) return this.#denied(account, 'throttled', context);
    try {
      const known = await this.#credentials(account);
      if (ok && known && !known.disabled) {
        attempt.succeeded();
        return { kind: 'ok', account: known.address };
      }
      attempt.failed();
      return this.#denied(account, reasonOf(known, ok), context);
    } catch (error) {
      attempt.abandoned();
      throw error;
    }
  }

  async #credentials(account: string): Promise<StoredCredentials | undefined> {
    return this.#store.credentials(account);
  }

  async #verify(hash: string | undefined, password: string): Promise<boolean> {
    if (this.#waiting >= DIRECTORY_LIMITS.passwordHashesWaitingMax) throw new Failure('login-busy', 'too many log-ins at once, try again later');
    this.#waiting += 1;
    try {
      const fits = await this.#hashing.run(() => this.#compare(hash ?? this.#standInHash, password));
      return fits && hash !== undefined;
    } finally {
      this.#waiting -= 1;
    }
  }

  #digest(account: string, hash: string, password: string): string {
    return createHmac('sha256', this.#memoryKey).update(JSON.stringify([account, hash, saslprep(password) ?? ''])).digest('base64');
  }

  #isRemembered(digest: string): boolean {
    const until = this.#right.get(digest);
    if (until === undefined) return false;
    if (until > this.#clock.monotonic()) return true;
    this.#right.delete(digest);
    return false;
  }

  /** From the last full check on, not from the last use: a stolen session must not keep an old password alive. */
  #remember(digest: string): void {
    if (this.#right.has(digest)) return;
    this.#right.set(digest, this.#clock.monotonic() + DIRECTORY_LIMITS.passwordCacheMs);
    if (this.#right.size > DIRECTORY_LIMITS.passwordCacheEntriesMax) this.#right.delete(this.#right.keys().next().value as string);
  }

  async #standIn(account: string): Promise<ScramCredentials> {
    this.#secret ??= this.#store.secret('login-stand-in');
    let secret: Buffer;
    try {
      secret = await this.#secret;
    } catch (error) {
      this.#secret = undefined;
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

  #denied(account: string, reason: DenialReason, context: LoginContext): LoginResult {
    const named = parseMailbox(account, { utf8: true }) ? { account } : {};
    // The service that asked tells it in its own event; this one is for finding out why.
    this.#log.debug('login.denied', { ...named, reason, service: context.service, clientAddress: context.clientAddress });
    return { kind: 'denied', reason };
  }
}

function reasonOf(known: StoredCredentials | undefined, right: boolean): DenialReason {
  if (!known) return 'unknown-account';
  return right && known.disabled ? 'disabled' : 'wrong-password';
}

/** A user name is the full address, in any case. */
function keyOf(user: string): string {
  return addressKey(user.slice(0, 1000));
}
