/**
 * Runs chores (contract/chores.ts) when they are due: soon after the start when the last run is long ago or never was, then
 * each `everyMs`. Written down is the start of a run, so that a server that dies in one does not do it again at once.
 */
import { CHORE_LIMITS } from '../base/chore-limits.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Chore } from '../contract/chores.ts';
import type { Store } from '../store/store.ts';

export interface ChoresOptions {
  readonly chores: readonly Chore[];
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<Store, 'chores'>;
}

export interface RunningChores {
  /** Aborts what is under way and waits for it. */
  close(): Promise<void>;
}

export function startChores({ chores, ...ports }: ChoresOptions): RunningChores {
  const ending = new AbortController();
  const all = chores.map((chore) => new ChoreTimer(chore, ports, ending.signal));
  return {
    close: async () => {
      ending.abort(new Error('the server stops'));
      await Promise.all(all.map((each) => each.close()));
    },
  };
}

class ChoreTimer {
  readonly #chore: Chore;
  readonly #ports: Omit<ChoresOptions, 'chores'>;
  readonly #ending: AbortSignal;
  #timer: Timer | undefined;
  #running: Promise<void>;

  constructor(chore: Chore, ports: Omit<ChoresOptions, 'chores'>, ending: AbortSignal) {
    this.#chore = chore;
    this.#ports = ports;
    this.#ending = ending;
    this.#running = this.#planFirst();
  }

  async close(): Promise<void> {
    await this.#running;
    this.#timer?.cancel();
    await this.#running;
  }

  async #planFirst(): Promise<void> {
    const last = await this.#lastRunAt();
    const dueInMs = last === undefined ? 0 : last + this.#chore.everyMs - this.#ports.clock.now();
    // A clock that was ahead once must not put the next run off for longer than the interval.
    this.#plan(Math.min(Math.max(dueInMs, CHORE_LIMITS.firstMs), Math.max(this.#chore.everyMs, CHORE_LIMITS.firstMs)));
  }

  #plan(delayMs: number): void {
    if (this.#ending.aborted) return;
    this.#timer = this.#ports.clock.timer(delayMs, () => (this.#running = this.#run()));
  }

  async #run(): Promise<void> {
    const { clock, log, store } = this.#ports;
    const { name, everyMs } = this.#chore;
    const startedAt = clock.now();
    const late = new AbortController();
    const deadline = clock.timer(CHORE_LIMITS.runMs, () => late.abort(new Error(`not ready after ${CHORE_LIMITS.runMs / 60_000} minutes`)));
    let nextInMs = everyMs;
    try {
      const lastRunAt = await this.#lastRunAt();
      await store.chores.ran(name, startedAt);
      const answer = await this.#chore.run({ now: startedAt, lastRunAt, signal: AbortSignal.any([this.#ending, late.signal]) });
      if (answer) nextInMs = Math.max(answer.againInMs, CHORE_LIMITS.againMsMin);
    } catch (error) {
      if (!this.#ending.aborted) log.warn('chore.failed', { chore: name, error: error instanceof Error ? error.message : String(error) });
    } finally {
      deadline.cancel();
    }
    this.#plan(Math.max(0, nextInMs - (clock.now() - startedAt)));
  }

  async #lastRunAt(): Promise<number | undefined> {
    try {
      return await this.#ports.store.chores.lastRunAt(this.#chore.name);
    } catch (error) {
      this.#ports.log.warn('chore.failed', { chore: this.#chore.name, error: String(error) });
      return undefined;
    }
  }
}
