/** Share of temporary refusals among the latest results, in slices of time that are forgotten as they grow old. */
import { SHAPE_LIMITS } from '../../base/limits.ts';

const SLICES = 5;
const SLICE_MS = SHAPE_LIMITS.ratioWindowMs / SLICES;

interface Slice {
  readonly at: number;
  good: number;
  bad: number;
}

export class RatioWindow {
  #slices: Slice[] = [];
  /** Refusals since something was taken: the first one, and those that were let go after it. */
  #row = 0;
  #rowSince = 0;

  /** `admittedAt`: when the delivery was let go. */
  add(now: number, good: number, bad: number, admittedAt: number): void {
    this.#countRow(now, good, bad, admittedAt);
    const at = Math.floor(now / SLICE_MS);
    const last = this.#slices.at(-1);
    if (last?.at === at) {
      last.good += good;
      last.bad += bad;
    } else {
      this.#slices = [...this.#slices.filter((slice) => slice.at > at - SLICES && slice.at < at), { at, good, bad }];
    }
  }

  /** Those under way together when a site has a hiccup are one event. */
  #countRow(now: number, good: number, bad: number, admittedAt: number): void {
    if (good > 0) this.#row = 0;
    else if (this.#row === 0) [this.#row, this.#rowSince] = [bad, now];
    else if (admittedAt >= this.#rowSince) this.#row += bad;
  }

  /** In [0, 1]; undefined while too little is known. */
  share(now: number): number | undefined {
    const { good, bad } = this.#sum(now);
    if (this.isAllBad(now, SHAPE_LIMITS.ratioAllBadMin) || (bad > 0 && this.#row >= SHAPE_LIMITS.ratioRowMin)) return 1;
    return good + bad >= SHAPE_LIMITS.ratioResultsMin ? bad / (good + bad) : undefined;
  }

  /** At least so many, and all of them refusals. */
  isAllBad(now: number, atLeast: number): boolean {
    const { good, bad } = this.#sum(now);
    return good === 0 && bad >= atLeast;
  }

  hasGood(now: number): boolean {
    return this.#sum(now).good > 0;
  }

  #sum(now: number): { readonly good: number; readonly bad: number } {
    const oldest = Math.floor(now / SLICE_MS) - SLICES;
    let good = 0;
    let bad = 0;
    for (const slice of this.#slices) {
      if (slice.at <= oldest) continue;
      good += slice.good;
      bad += slice.bad;
    }
    return { good, bad };
  }

  clear(): void {
    this.#slices = [];
    this.#row = 0;
  }
}

/** How many in the last minute, about. */
export class RateMeter {
  #at = 0;
  #current = 0;
  #previous = 0;

  count(now: number): void {
    this.#turn(now);
    this.#current += 1;
  }

  perMinute(now: number): number {
    this.#turn(now);
    const passed = (now % 60_000) / 60_000;
    return Math.max(this.#current, this.#current + this.#previous * (1 - passed));
  }

  #turn(now: number): void {
    const minute = Math.floor(now / 60_000);
    if (minute === this.#at) return;
    this.#previous = minute === this.#at + 1 ? this.#current : 0;
    this.#current = 0;
    this.#at = minute;
  }
}
