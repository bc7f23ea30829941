/**
 * Time that passes only when it is told to: for simulations of weeks in seconds. Nothing waits in reality; between two
 * timers everything that they started (promises) runs to its end, so the same start gives the same run.
 */
import type { Clock, Timer } from './clock.ts';

interface Entry {
  readonly dueAt: number;
  /** Timers due at the same time fire in the order in which they were set. */
  readonly order: number;
  fire: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  #now: number;
  readonly #start: number;
  #order = 0;
  /** A binary heap by due time and order. */
  readonly #heap: Entry[] = [];

  /** Milliseconds since 1970. */
  constructor(startMs: number) {
    this.#now = startMs;
    this.#start = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  timer(delayMs: number, fire: () => void): Timer {
    const entry: Entry = { dueAt: this.#now + Math.max(0, delayMs), order: this.#order++, fire };
    this.#push(entry);
    return {
      cancel: () => {
        entry.fire = undefined;
      },
    };
  }

  /** Lets time pass until `untilMs` (milliseconds since 1970), firing what becomes due on the way. */
  async runUntil(untilMs: number): Promise<void> {
    await settled();
    for (let next = this.#heap[0]; next && next.dueAt <= untilMs; next = this.#heap[0]) {
      this.#pop();
      if (!next.fire) continue;
      this.#now = Math.max(this.#now, next.dueAt);
      next.fire();
      await settled();
    }
    this.#now = Math.max(this.#now, untilMs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.push(entry) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (isBefore(heap[above] as Entry, entry)) break;
      heap[place] = heap[above] as Entry;
      place = above;
    }
    heap[place] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Entry, heap[below] as Entry)) below += 1;
      if (isBefore(last, heap[below] as Entry)) break;
      heap[place] = heap[below] as Entry;
      place = below;
    }
    heap[place] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.order < other.order);
}

/** Every promise that can go on without a timer has done so: setImmediate comes after all of them. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
