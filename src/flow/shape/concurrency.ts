/**
 * How many deliveries at once a site may get: grows by one after as many successes as it now has places, shrinks by one
 * at the first failure and then after each further cohort of failures (the negative feedback comes at the start of the
 * hysteresis, as Postfix's scheduler has it: a site in trouble is left alone at once, and a single failure more costs
 * nothing further).
 *
 * A site that says how many it bears is believed: places do not grow beyond what it bore, for a while that doubles each
 * time it had to say so again; then one more is tried.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';

export class Concurrency {
  #max: number;
  #allowed: number;
  #credit = 0;
  #debt = 0;
  /** What the site bears, and until when (milliseconds since 1970) that is not put to the test. */
  #ceiling: number = Number.POSITIVE_INFINITY;
  #ceilingUntil = 0;
  #ceilingMs = 0;

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

  /** `now`: milliseconds since 1970. */
  succeeded(now: number): void {
    this.#credit += 1 / this.#allowed;
    // Thirds do not add up to one.
    if (this.#credit < 1 - 1e-9) return;
    this.#credit = 0;
    this.#debt = 0;
    const ceiling = now < this.#ceilingUntil ? Math.max(this.#allowed, this.#ceiling) : this.#max;
    this.#allowed = Math.min(this.#max, ceiling, this.#allowed + 1);
  }

  /** One more than `borne` was too many. */
  crowded(borne: number, now: number): void {
    this.#ceiling = Math.max(1, borne);
    // Those that were turned away together are one event.
    if (now >= this.#ceilingUntil) this.#ceilingMs = Math.min(Math.max(SHAPE_LIMITS.crowdedMinMs, this.#ceilingMs * 2), SHAPE_LIMITS.crowdedMaxMs);
    this.#ceilingUntil = now + this.#ceilingMs;
    this.#allowed = Math.min(this.#allowed, this.#ceiling);
    this.#credit = 0;
    this.#debt = 0;
  }

  failed(): void {
    this.#credit = 0;
    this.#debt -= 1 / this.#allowed;
    if (this.#debt >= -1e-9) return;
    this.#allowed = Math.max(1, this.#allowed - 1);
    this.#debt += 1;
  }
}
