/**
 * Mail hosts whose TLS failed lately. Where TLS is not a must the next message goes in the clear at once, instead of
 * waiting for another handshake to fail; after a while TLS is tried again.
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

  remember(address: string, port: number, problem: TlsProblem): void {
    const key = `${address} ${port}`;
    this.#hosts.delete(key);
    this.#hosts.set(key, { problem, until: this.#clock.monotonic() + TLS_POLICY_LIMITS.brokenTlsMs });
    const [oldest] = this.#hosts.keys();
    if (this.#hosts.size > TLS_POLICY_LIMITS.brokenTlsHostsMax && oldest !== undefined) this.#hosts.delete(oldest);
  }

  forget(): void {
    this.#hosts.clear();
  }
}
