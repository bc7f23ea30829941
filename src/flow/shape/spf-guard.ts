/**
 * May mail of this domain leave from that address of ours, as its SPF says: asked before a standby steps in. Answers come
 * from memory; what is not known yet is asked and means no for now.
 */
import type { Clock } from '../../base/clock.ts';
import { SHAPE_LIMITS } from '../../base/limits.ts';

/** Rejects or gives undefined when nobody knows. */
export type SpfQuestion = (input: { readonly ip: string; readonly sender: string; readonly helo: string }) => Promise<boolean | undefined>;

interface Known {
  readonly permitted: boolean;
  /** Monotonic milliseconds. */
  readonly until: number;
}

export class SpfGuard {
  readonly #ask: SpfQuestion;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Set<string>();

  constructor(ask: SpfQuestion, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** `learnt` is called when an answer came that was not there. */
  permits(ip: string, sender: string, helo: string, learnt: () => void): boolean {
    // By domain: macros for local parts are rare, and a wrong no only waits.
    const key = `${ip} ${sender === '' ? helo : sender.slice(sender.lastIndexOf('@') + 1).toLowerCase()}`;
    const known = this.#known.get(key);
    if (known && known.until > this.#clock.monotonic()) return known.permitted;
    if (!this.#asking.has(key)) void this.#learn(key, { ip, sender, helo }, learnt);
    return known?.permitted ?? false;
  }

  async #learn(key: string, input: Parameters<SpfQuestion>[0], learnt: () => void): Promise<void> {
    this.#asking.add(key);
    const permitted = await this.#ask(input).catch(() => undefined);
    this.#asking.delete(key);
    this.#known.delete(key);
    this.#known.set(key, { permitted: permitted ?? false, until: this.#clock.monotonic() + (permitted === undefined ? 60_000 : SHAPE_LIMITS.spfCacheMs) });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= SHAPE_LIMITS.spfCacheEntriesMax) break;
      this.#known.delete(oldest);
    }
    if (permitted) learnt();
  }
}
