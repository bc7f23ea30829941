/** Counts what a run costs, and ends it when it costs too much. */
import type { SieveBudget } from '../result.ts';

/** A run-time error (RFC 5228 §2.10.6): the message is kept, the owner is told this sentence. */
export class SieveFailure extends Error {}

export class Meter {
  readonly #budget: SieveBudget;
  steps = 0;
  work = 0;

  constructor(budget: SieveBudget) {
    this.#budget = budget;
  }

  /** One command or test. */
  step(): void {
    this.steps += 1;
    if (this.steps > this.#budget.stepsMax) throw new SieveFailure(`the script takes more than ${this.#budget.stepsMax} steps`);
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
}
