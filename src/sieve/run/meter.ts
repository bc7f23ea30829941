/** Counts what a run costs, lets others work in between, and ends a run that costs too much. */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { MaybeLater } from '../environment.ts';
import type { SieveBudget } from '../result.ts';

/** A run-time error (RFC 5228 §2.10.6): the message is kept, the owner is told this sentence. */
export class SieveFailure extends Error {}

/** What a command or test costs before it looks at anything. */
const STEP_WORK = 3;

export class Meter {
  readonly #budget: SieveBudget;
  readonly #pause: () => MaybeLater<void>;
  #pausedAt = 0;
  steps = 0;
  work = 0;

  /** `pause`: SievePorts.pause; without it the run goes on in one piece. */
  constructor(budget: SieveBudget, pause: () => MaybeLater<void> = () => undefined) {
    this.#budget = budget;
    this.#pause = pause;
  }

  /** One command or test. */
  step(): void {
    this.steps += 1;
    if (this.steps > this.#budget.stepsMax) throw new SieveFailure(`the script takes more than ${this.#budget.stepsMax} steps`);
    this.spend(STEP_WORK);
  }

  /** `units`: see SieveBudget.workMax; fractions add up. */
  spend(units: number): void {
    this.work += units;
    if (this.work > this.#budget.workMax) throw new SieveFailure('the script takes too much computing time');
  }

  /** That many characters were looked at. */
  read(characters: number): void {
    this.spend(0.01 * characters);
  }

  /** It has worked long enough without a pause; whoever can wait calls `pause` now. */
  get isDue(): boolean {
    return this.work - this.#pausedAt >= SIEVE_LIMITS.workBetweenPauses;
  }

  async pause(): Promise<void> {
    await this.#pause();
    this.#pausedAt = this.work;
  }
}
