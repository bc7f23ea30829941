/**
 * A clock that stands still unless the test moves it: a process that stands still for a while makes nothing late. For what
 * waits on sockets of the same process, where not even a timer of a few hundred milliseconds may fire by itself.
 */
import type { Clock, Timer } from '../../src/base/clock.ts';

export class ManualClock implements Clock {
  #now = Date.UTC(2026, 10, 20, 8);
  #timers: { readonly at: number; readonly fire: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  timer(delayMs: number, fire: () => void): Timer {
    const entry = { at: this.#now + delayMs, fire };
    this.#timers.push(entry);
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== entry)) };
  }

  advance(byMs: number): void {
    this.#now += byMs;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { fire } of due) fire();
  }
}
