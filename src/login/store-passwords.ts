/**
 * Passwords of the store: argon2id with a bounded number at once, and a memory of what was right.
 *
 * A password found right is remembered for minutes as an HMAC under a key of this process, together with the hash it
 * fits: a client that opens a connection for every message must not cost 25 ms and 19 MiB each time, and a changed
 * password is a changed hash, so that the memory of the old one fits nothing. An unknown account costs what a wrong
 * password does.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import { saslprep } from '../base/saslprep.ts';
import { Semaphore } from '../base/semaphore.ts';
import { unmatchableHash, type verifyPassword } from '../store/password.ts';

export class StorePasswords {
  readonly #clock: Clock;
  readonly #compare: typeof verifyPassword;
  readonly #hashing = new Semaphore(DIRECTORY_LIMITS.passwordHashesAtOnce);
  #waiting = 0;
  readonly #key = randomBytes(32);
  readonly #standInHash = unmatchableHash();
  /** Digest of what was right, to the monotonic time until which it counts. */
  readonly #right = new Map<string, number>();

  constructor(clock: Clock, compare: typeof verifyPassword) {
    this.#clock = clock;
    this.#compare = compare;
  }

  /** Names this very try without telling the password; `hash` undefined for an unknown account. */
  digest(account: string, hash: string | undefined, password: string): string {
    return createHmac('sha256', this.#key).update(JSON.stringify([account, hash ?? this.#standInHash, saslprep(password) ?? ''])).digest('base64');
  }

  /** False for an unknown account, at the same cost. Rejects with Failure `login-busy` when too many wait. */
  async fits(hash: string | undefined, password: string, digest: string): Promise<boolean> {
    if (this.#isRemembered(digest)) return true;
    if (this.#waiting >= DIRECTORY_LIMITS.passwordHashesWaitingMax) throw new Failure('login-busy', 'too many log-ins at once, try again later');
    this.#waiting += 1;
    try {
      const fits = await this.#hashing.run(() => this.#compare(hash ?? this.#standInHash, password));
      if (!fits || hash === undefined) return false;
      this.#remember(digest);
      return true;
    } finally {
      this.#waiting -= 1;
    }
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
}
