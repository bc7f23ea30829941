/**
 * A rush: mail comes in faster than this machine can take and deliver at once. Then taking goes first: whoever brings much
 * waits with its deliveries until the rush is over, so that it is rid of its mail sooner; the deliveries make up for it
 * when the processors have nothing else to do (docs/decisions/0310-a-rush-is-taken-before-it-is-delivered.md).
 *
 * Policy: there is a rush only while the processors are busy; new mail of senders of few messages and new urgent mail never
 * waits, what must be read from the store does; after so many seconds deliveries go on whatever comes in, for at least as long.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { RUSH_LIMITS } from '../../base/rush-limits.ts';
import type { QueueMessage } from '../../contract/queue.ts';

/** Milliseconds of all processors together since an arbitrary start. */
export interface ProcessorTimes {
  readonly idle: number;
  readonly all: number;
}

const { lookEveryMs, messagesPerSecondMin, idleToBegin, idleToEnd, longestMs, fewMessages, sendersMax } = RUSH_LIMITS;

export class Rush {
  readonly #clock: Clock;
  readonly #times: () => ProcessorTimes;
  readonly #isBehind: () => boolean;
  readonly #onEnd: () => void;
  readonly #brought = new Map<string, number>();
  #arrived = 0;
  #on = false;
  #timer: Timer | undefined;
  #lookedAt = 0;
  #before: ProcessorTimes | undefined;
  /** Milliseconds that deliveries may still be kept waiting. */
  #patienceMs: number = longestMs;

  /** `onEnd`: those that waited may go. `isBehind`: some that could go have not gone yet. */
  constructor(clock: Clock, ports: { readonly times: () => ProcessorTimes; readonly isBehind: () => boolean; readonly onEnd: () => void }) {
    this.#clock = clock;
    this.#times = ports.times;
    this.#isBehind = ports.isBehind;
    this.#onEnd = ports.onEnd;
  }

  get isOn(): boolean {
    return this.#on;
  }

  /** Milliseconds from now after which it is over at the latest. */
  get endsInMs(): number {
    return Math.max(0, this.#patienceMs - (this.#clock.monotonic() - this.#lookedAt));
  }

  /** A message has come in. True: its delivery shall wait. */
  mustWait({ sender, stream, origin }: QueueMessage): boolean {
    this.#arrived += 1;
    if (!this.#timer) this.#begin();
    if (!this.#on || stream === 'urgent') return false;
    const who = origin.account ?? sender;
    const count = this.#brought.get(who) ?? 0;
    if (count === 0 && this.#brought.size >= sendersMax) return false;
    this.#brought.set(who, count + 1);
    return count >= fewMessages;
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** Called before the message that begins it waits. */
  #begin(): void {
    const now = this.#clock.monotonic();
    this.#patienceMs = this.#isBehind() ? Math.min(longestMs, this.#patienceMs + now - this.#lookedAt) : longestMs;
    this.#lookedAt = now;
    this.#before = undefined;
    this.#lookAgain();
  }

  #lookAgain(): void {
    this.#timer = this.#clock.timer(lookEveryMs, () => this.#look());
  }

  #look(): void {
    const now = this.#clock.monotonic();
    const sinceMs = now - this.#lookedAt;
    const arrived = this.#arrived;
    this.#arrived = 0;
    this.#lookedAt = now;
    this.#patienceMs = Math.min(longestMs, this.#patienceMs + (this.#on ? -sinceMs : sinceMs));
    const isMuch = (arrived * 1000) / Math.max(1, sinceMs) >= messagesPerSecondMin;
    const idle = isMuch ? this.#idleShare() : this.#forgetTimes();
    const wasOn = this.#on;
    this.#on = wasOn ? idle < idleToEnd && this.#patienceMs > 0 : idle < idleToBegin && this.#patienceMs >= longestMs;
    // Without mail there is nothing to look at.
    this.#timer = undefined;
    if (arrived > 0) this.#lookAgain();
    if (this.#on || !wasOn) return;
    this.#brought.clear();
    this.#onEnd();
  }

  #forgetTimes(): number {
    this.#before = undefined;
    return 1;
  }

  /** Since the last look; 1 when there was none. */
  #idleShare(): number {
    const times = this.#times();
    const before = this.#before;
    this.#before = times;
    return before && times.all > before.all ? (times.idle - before.idle) / (times.all - before.all) : 1;
  }
}
