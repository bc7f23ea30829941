/**
 * The deadlines of all sessions on one timer: a session writes down when it is due, and pays for no timer.
 *
 * The timer is set for the earliest of them as it was when last looked at; a deadline that is moved ahead costs nothing,
 * and is found not to be due when its time comes.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { ACCESS_LIMITS } from '../../base/access-limits.ts';

export interface Timed {
  /** Monotonic milliseconds; Infinity: none. */
  readonly dueAt: number;
  expired(): void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #watched = new Set<Timed>();
  #timer: Timer | undefined;
  #lookAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.monotonic();
  }

  watch(timed: Timed): void {
    this.#watched.add(timed);
    this.moved(timed);
  }

  unwatch(timed: Timed): void {
    this.#watched.delete(timed);
  }

  /** To be called when `dueAt` is another one. */
  moved({ dueAt }: Timed): void {
    if (dueAt < this.#lookAt) this.#arm(dueAt);
  }

  close(): void {
    this.#timer?.cancel();
    this.#watched.clear();
  }

  #arm(dueAt: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lookAt = dueAt;
    if (dueAt === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(ACCESS_LIMITS.deadlineGapMs, dueAt - this.#clock.monotonic());
    this.#timer = this.#clock.timer(delayMs, () => this.#look());
  }

  #look(): void {
    // A millisecond of tolerance: timers may fire early by rounding.
    const now = this.#clock.monotonic() + 1;
    this.#lookAt = Number.POSITIVE_INFINITY;
    for (const timed of this.#watched) if (timed.dueAt <= now) timed.expired();
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#watched) if (dueAt < next) next = dueAt;
    this.#arm(next);
  }
}
