/**
 * Addresses that did not answer lately: they are tried after the others of their site, so that a dead MX costs its
 * time-out once in a while and not with every message. Kept in memory only; what answers again is forgotten at once.
 */
import type { Clock } from '../../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../base/limits.ts';

export class SilentHosts {
  readonly #clock: Clock;
  /** Monotonic time until when, oldest first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(address: string, port: number): boolean {
    const key = `${address} ${port}`;
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#clock.monotonic()) return true;
    this.#until.delete(key);
    return false;
  }

  note(address: string, port: number, silent: boolean): void {
    const key = `${address} ${port}`;
    this.#until.delete(key);
    if (!silent) return;
    this.#until.set(key, this.#clock.monotonic() + SMTP_CLIENT_LIMITS.silentHostMs);
    if (this.#until.size > SMTP_CLIENT_LIMITS.silentHostsMax) this.#until.delete(this.#until.keys().next().value as string);
  }

  /** The network may have changed. */
  clear(): void {
    this.#until.clear();
  }
}
