/**
 * Answers kept for as long as their TTL says, within our caps, in a bounded map that forgets the least recently used.
 * Times are the clock's monotonic milliseconds, so that a jump of the wall clock neither revives nor kills answers.
 */
import type { Clock } from '../base/clock.ts';
import type { DnsAnswer, RecordType } from '../contract/dns.ts';

interface Entry {
  readonly answer: DnsAnswer<RecordType>;
  readonly expiresAtMs: number;
}

export class DnsCache {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #entriesMax: number;

  constructor(clock: Clock, entriesMax: number) {
    this.#clock = clock;
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** With the TTL that is left, rounded down. */
  get(key: string): DnsAnswer<RecordType> | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const leftMs = entry.expiresAtMs - this.#clock.monotonic();
    this.#entries.delete(key);
    if (leftMs <= 0) return undefined;
    this.#entries.set(key, entry);
    return entry.answer.kind === 'found' ? { ...entry.answer, ttlSeconds: Math.floor(leftMs / 1000) } : entry.answer;
  }

  put(key: string, answer: DnsAnswer<RecordType>, ttlSeconds: number): void {
    if (ttlSeconds <= 0) return;
    this.#entries.delete(key);
    this.#entries.set(key, { answer, expiresAtMs: this.#clock.monotonic() + ttlSeconds * 1000 });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}
