/** Collects the steps of an SPF evaluation in the order a reader follows: an include before the record it opens. */
import type { SpfTraceStep } from '../../contract/auth-report.ts';
import type { SpfLookups } from './lookups.ts';

export class SpfTrace {
  readonly #lookups: SpfLookups;
  readonly #steps: SpfTraceStep[] = [];

  constructor(lookups: SpfLookups) {
    this.#lookups = lookups;
  }

  get steps(): readonly SpfTraceStep[] {
    return this.#steps;
  }

  /** Adds a step with the questions asked since the last one. Returns its place, for `amend`. */
  add(depth: number, domain: string, term: string, outcome: SpfTraceStep['outcome'], detail: string): number {
    this.#steps.push({
      depth,
      domain,
      term,
      lookups: this.#lookups.takeNotes(),
      lookupCount: this.#lookups.terms,
      voidLookupCount: this.#lookups.voids,
      outcome,
      detail,
    });
    return this.#steps.length - 1;
  }

  amend(place: number, outcome: SpfTraceStep['outcome'], detail: string): void {
    const step = this.#steps[place];
    if (step) this.#steps[place] = { ...step, outcome, detail };
  }
}
