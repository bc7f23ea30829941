/**
 * Addresses of which something is remembered for a while: that they did not answer, and are tried after the others of
 * their site, so that a dead MX costs its time-out once in a while and not with every message; or that they lose
 * commands sent together. Kept in memory only.
 */
import type { Clock } from '../../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../base/limits.ts';

export class RememberedHosts {
  readonly #clock: Clock;
  readonly #forMs: number;
  /** Monotonic time until when, oldest first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock, forMs: number) {
    this.#clock = clock;
    this.#forMs = forMs;
  }

  has(address: string, port: number): boolean {
    const key = `${address} ${port}`;
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#clock.monotonic()) return true;
    this.#until.delete(key);
    return false;
  }

  note(address: string, port: number, holds: boolean): void {
    const key = `${address} ${port}`;
    this.#until.delete(key);
    if (!holds) return;
    this.#until.set(key, this.#clock.monotonic() + this.#forMs);
    if (this.#until.size > SMTP_CLIENT_LIMITS.silentHostsMax) this.#until.delete(this.#until.keys().next().value as string);
  }

  /** The network may have changed. */
  clear(): void {
    this.#until.clear();
  }
}
