/**
 * Time as a port. Everything that waits or stamps takes a Clock, so that the lab can run fast and tests need no sleeps.
 *
 * SystemClock is the real one; timers that are late fire behind what the network had brought. AdjustableClock runs with the
 * real one plus an offset that can be advanced: timers that become due by the advance fire at once, in order of their due
 * time, or, with `pass`, behind what the network had brought.
 */
import { setImmediate as turnOfLoop } from 'node:timers/promises';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC; may jump. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. For measuring durations. */
  monotonic(): number;
  /** Calls `fire` once after `delayMs`; the timer does not keep the process alive. */
  timer(delayMs: number, fire: () => void): Timer;
}

/** Node clamps longer delays to 1 ms (setTimeout takes a signed 32-bit number). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A timer that fires so much behind its time was kept waiting: the process stood still, or had its hands full. */
const LATE_MS = 100;

/**
 * Turns of the event loop in which the network speaks before late timers and those of `pass`. The first ends the round of
 * events in which they begin, the second brings a whole new one; a question to a server in this process and its answer take
 * two more each.
 */
const TURNS_BEFORE_TIMERS = 8;

export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  /**
   * After a stand-still the event loop comes to timers before it looks at sockets: a reply that lay in a buffer in time would
   * be said to be missing. So it looks at them first.
   */
  timer(delayMs: number, fire: () => void): Timer {
    let handle: NodeJS.Timeout;
    let turn: NodeJS.Immediate | undefined;
    const dueAt = this.monotonic() + delayMs;
    const fireAfter = (turns: number): void => {
      if (turns === 0) fire();
      else turn = setImmediate(fireAfter, turns - 1);
    };
    const arm = (restMs: number): void => {
      const step = Math.min(restMs, LONGEST_TIMER_MS);
      handle = setTimeout(() => (restMs > step ? arm(restMs - step) : fireAfter(this.monotonic() - dueAt > LATE_MS ? TURNS_BEFORE_TIMERS : 0)), Math.max(0, step));
      handle.unref();
    };
    arm(delayMs);
    return {
      cancel: () => {
        clearTimeout(handle);
        clearImmediate(turn);
      },
    };
  }
}

interface Waiting {
  dueAt: number;
  fire: () => void;
  inner: Timer;
}

export class AdjustableClock implements Clock {
  readonly #real = new SystemClock();
  readonly #waiting = new Set<Waiting>();
  #offsetMs = 0;
  /** Of the wall clock alone. */
  #jumpedMs = 0;

  now(): number {
    return this.#real.now() + this.#offsetMs + this.#jumpedMs;
  }

  monotonic(): number {
    return this.#real.monotonic() + this.#offsetMs;
  }

  timer(delayMs: number, fire: () => void): Timer {
    const entry: Waiting = {
      dueAt: this.monotonic() + delayMs,
      fire: () => {
        this.#waiting.delete(entry);
        fire();
      },
      inner: this.#real.timer(delayMs, () => entry.fire()),
    };
    this.#waiting.add(entry);
    return {
      cancel: () => {
        entry.inner.cancel();
        this.#waiting.delete(entry);
      },
    };
  }

  /** Sets the wall clock, ahead or back, while no time passes. */
  jump(byMs: number): void {
    this.#jumpedMs += byMs;
  }

  /** Moves the clock ahead and fires what became due; what remains waits correspondingly less. */
  advance(byMs: number): void {
    this.#offsetMs += byMs;
    this.#fireDue();
  }

  /**
   * As `advance`, but what the kernel holds already is read first: a connection that stands, or a reply that lies in a buffer,
   * is not said to have timed out because nobody had come to look. With real sockets this is the one to use.
   */
  async pass(byMs: number): Promise<void> {
    this.#offsetMs += byMs;
    for (let turn = 0; turn < TURNS_BEFORE_TIMERS; turn++) await turnOfLoop();
    this.#fireDue();
  }

  #fireDue(): void {
    const now = this.monotonic();
    const entries = [...this.#waiting].sort((a, b) => a.dueAt - b.dueAt);
    for (const entry of entries) {
      entry.inner.cancel();
      if (entry.dueAt <= now) entry.fire();
      else entry.inner = this.#real.timer(entry.dueAt - now, () => entry.fire());
    }
  }
}

/** Resolves after `delayMs`, or rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
