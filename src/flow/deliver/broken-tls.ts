/**
 * Mail hosts whose TLS failed lately. Where TLS is not a must the next message goes in the clear at once, instead of
 * waiting for another handshake to fail; after a while TLS is tried again.
 *
 * A connection that breaks while the content goes through TLS makes its host suspect; the second one in a row counts as
 * failed TLS, or the message would never get through.
 */
import type { Clock } from '../../base/clock.ts';
import { TLS_POLICY_LIMITS } from '../../base/limits.ts';
import type { TlsProblem } from '../../contract/tls-policy.ts';

interface Entry {
  readonly problem: TlsProblem;
  /** Of the monotonic clock. */
  readonly until: number;
}

export class BrokenTls {
  readonly #clock: Clock;
  readonly #hosts = new Map<string, Entry>();
  readonly #suspects = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was wrong with it; undefined when TLS is worth trying. */
  problemOf(address: string, port: number): TlsProblem | undefined {
    const key = `${address} ${port}`;
    const entry = this.#hosts.get(key);
    if (entry && entry.until > this.#clock.monotonic()) return entry.problem;
    this.#hosts.delete(key);
    return undefined;
  }

  remember(address: string, port: number, problem: TlsProblem, forMs: number = TLS_POLICY_LIMITS.brokenTlsMs): void {
    const key = `${address} ${port}`;
    this.#hosts.delete(key);
    this.#hosts.set(key, { problem, until: this.#clock.monotonic() + forMs });
    const [oldest] = this.#hosts.keys();
    if (this.#hosts.size > TLS_POLICY_LIMITS.brokenTlsHostsMax && oldest !== undefined) this.#hosts.delete(oldest);
  }

  /** A connection broke in the middle of a message. */
  suspect(address: string, port: number): void {
    const key = `${address} ${port}`;
    if (this.#suspects.delete(key)) {
      const problem: TlsProblem = { failure: 'validation-failure', detail: 'connections broke twice while a message went over TLS' };
      return this.remember(address, port, problem, TLS_POLICY_LIMITS.breakingTlsMs);
    }
    this.#suspects.add(key);
    const [oldest] = this.#suspects;
    if (this.#suspects.size > TLS_POLICY_LIMITS.brokenTlsHostsMax && oldest !== undefined) this.#suspects.delete(oldest);
  }

  /** A message came through. */
  trust(address: string, port: number): void {
    this.#suspects.delete(`${address} ${port}`);
  }

  /** The host takes nothing in the clear: TLS that fails there is to be tried again. */
  insists(address: string, port: number): void {
    this.#hosts.delete(`${address} ${port}`);
  }

  forget(): void {
    this.#hosts.clear();
    this.#suspects.clear();
  }
}
