/**
 * How many deliveries at once a site may get: grows by one after as many successes as it now has places, shrinks by one
 * at the first failure and then after each further cohort of failures (the negative feedback comes at the start of the
 * hysteresis, as Postfix's scheduler has it: a site in trouble is left alone at once, and a single failure more costs
 * nothing further).
 */
export class Concurrency {
  #max: number;
  #allowed: number;
  #credit = 0;
  #debt = 0;

  /** Both at least 1. */
  constructor(start: number, max: number) {
    this.#max = Math.max(1, max);
    this.#allowed = Math.max(1, Math.min(start, this.#max));
  }

  get allowed(): number {
    return this.#allowed;
  }

  get max(): number {
    return this.#max;
  }

  set max(max: number) {
    this.#max = Math.max(1, max);
    this.#allowed = Math.min(this.#allowed, this.#max);
  }

  succeeded(): void {
    this.#credit += 1 / this.#allowed;
    // Thirds do not add up to one.
    if (this.#credit < 1 - 1e-9) return;
    this.#credit = 0;
    this.#debt = 0;
    this.#allowed = Math.min(this.#max, this.#allowed + 1);
  }

  failed(): void {
    this.#credit = 0;
    this.#debt -= 1 / this.#allowed;
    if (this.#debt >= -1e-9) return;
    this.#allowed = Math.max(1, this.#allowed - 1);
    this.#debt += 1;
  }
}
