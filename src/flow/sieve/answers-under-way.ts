/**
 * Answers that are decided and not yet committed: of two messages of one sender that are delivered at the same moment only
 * one is answered. The store knows the rest.
 */
import type { Clock } from '../../base/clock.ts';
import type { QueueId } from '../../contract/message.ts';

/** A settlement is through, or is tried again under the same id, long before. */
const HELD_MS_MAX = 120_000;
const HELD_MAX = 20_000;

export class AnswersUnderWay {
  readonly #clock: Clock;
  readonly #held = new Map<string, { readonly by: QueueId; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False when another message has it. `periodMs` 0: nobody has. */
  begin(key: string, by: QueueId, periodMs: number): boolean {
    if (periodMs === 0) return true;
    const now = this.#clock.monotonic();
    const known = this.#held.get(key);
    if (known && known.until > now && known.by !== by) return false;
    this.#held.delete(key);
    this.#held.set(key, { by, until: now + Math.min(periodMs, HELD_MS_MAX) });
    for (const [oldest, { until }] of this.#held) {
      if (this.#held.size <= HELD_MAX && until > now) break;
      this.#held.delete(oldest);
    }
    return true;
  }
}
