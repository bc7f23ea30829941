/**
 * Flattening: includes, `a` and `mx` written out as the networks they stand for now, so that the record costs no look-ups.
 *
 * What it costs instead: when a service moves to other addresses, a flattened record does not follow. So it has to be made
 * anew often, and what cannot be written out (macros, exists, ptr) stays as it is. Terms keep their order and their
 * verdicts: neighbours that let pass are one list.
 */
import { difference, networksOf, NO_ADDRESSES, union, type AddressSet, type Family } from './address-set.ts';
import { layOut, type LaidOutRecord } from './record-layout.ts';
import type { Covered, SurveyedRecord, SurveyedTerm } from './survey.ts';

export interface FlattenedSpf {
  readonly records: readonly LaidOutRecord[];
  /** Look-ups of the record as it is, and of the flattened one. */
  readonly lookupsBefore: number;
  readonly lookupsAfter: number;
  readonly networks: number;
  /** Names whose changes the new record does not follow. */
  readonly frozen: readonly string[];
  /** Terms that stay as they are, and why. */
  readonly kept: readonly { readonly term: string; readonly why: string }[];
}

/** `survey` of the record at `domain`. Undefined when the record has an error or a part of it could not be looked up: guessing would cut somebody off. */
export function flattenSpf(survey: SurveyedRecord): FlattenedSpf | undefined {
  if (survey.problem !== undefined) return undefined;
  const flattening = new Flattening();
  if (!flattening.take(survey)) return undefined;
  const terms = flattening.finish();
  const records = layOut(survey.domain, terms);
  return {
    records,
    lookupsBefore: survey.lookups,
    lookupsAfter: flattening.keptLookups + records.length - 1,
    networks: terms.filter((term) => /^ip[46]:/.test(term)).length,
    frozen: [...flattening.frozen],
    kept: flattening.kept,
  };
}

class Flattening {
  readonly frozen = new Set<string>();
  readonly kept: { term: string; why: string }[] = [];
  keptLookups = 0;
  readonly #terms: string[] = [];
  #open: Record<Family, AddressSet> = { 4: NO_ADDRESSES, 6: NO_ADDRESSES };
  /** Written out before: need not be written again. */
  #written: Record<Family, AddressSet> = { 4: NO_ADDRESSES, 6: NO_ADDRESSES };
  #ending = '?all';

  /** False when something could not be looked up. */
  take(record: SurveyedRecord): boolean {
    for (const term of record.terms) {
      if (term.type === 'all') {
        this.#ending = `${term.qualifier === '+' ? '' : term.qualifier}all`;
        // RFC 7208 §5.1: what stands behind it is never reached.
        return true;
      }
      if (term.type === 'redirect') {
        if (!term.record || term.record.problem !== undefined) return false;
        this.frozen.add(term.record.domain);
        return this.take(term.record);
      }
      if (term.type === 'exp') this.#keep(term, 'it names the text for refusals');
      else if (!this.#takeMechanism(term)) return false;
    }
    return true;
  }

  finish(): readonly string[] {
    this.#flush();
    return [...this.#terms, this.#ending];
  }

  #takeMechanism(term: SurveyedTerm): boolean {
    if (term.qualifier !== '+') this.#keep(term, 'it does not let pass, and its place counts');
    else if (!term.covers) {
      if (term.problem !== undefined) return false;
      this.#keep(term, term.type === 'include' ? 'something behind it depends on the sender' : 'it depends on the sender');
    } else this.#add(term, term.covers);
    return true;
  }

  #add(term: SurveyedTerm, covers: Covered): void {
    for (const family of [4, 6] as const) this.#open[family] = union(this.#open[family], covers[family]);
    if (term.lookups > 0) this.frozen.add(term.record?.domain ?? (term.value || term.term));
  }

  #keep(term: SurveyedTerm, why: string): void {
    this.#flush();
    this.#terms.push(term.term);
    this.keptLookups += term.lookups;
    this.kept.push({ term: term.term, why });
  }

  #flush(): void {
    for (const family of [4, 6] as const) {
      const fresh = difference(this.#open[family], this.#written[family]);
      this.#terms.push(...networksOf(fresh, family).map((network) => `ip${family}:${network}`));
      this.#written[family] = union(this.#written[family], fresh);
      this.#open[family] = NO_ADDRESSES;
    }
  }
}
