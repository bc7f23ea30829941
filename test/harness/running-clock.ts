/**
 * Time that passes only while this process runs: never faster than the real one, slower on a machine that has little time
 * for it, and not at all while it stands still. For a whole server in the process of its test, whose peers stand still with it.
 */
import type { Clock, Timer } from '../../src/base/clock.ts';

const TICK_MS = 10;

interface Waiting {
  readonly dueAt: number;
  readonly fire: () => void;
}

export class RunningClock implements Clock {
  #now = Date.now();
  readonly #waiting = new Set<Waiting>();

  constructor() {
    // Behind what the network has brought.
    setInterval(() => setImmediate(() => this.#tick()), TICK_MS).unref();
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  timer(delayMs: number, fire: () => void): Timer {
    const entry = { dueAt: this.#now + Math.max(1, delayMs), fire };
    this.#waiting.add(entry);
    return { cancel: () => void this.#waiting.delete(entry) };
  }

  #tick(): void {
    this.#now += TICK_MS;
    const due = [...this.#waiting].filter(({ dueAt }) => dueAt <= this.#now).sort((a, b) => a.dueAt - b.dueAt);
    for (const entry of due) {
      // Another one may have cancelled it.
      if (this.#waiting.delete(entry)) entry.fire();
    }
  }
}
