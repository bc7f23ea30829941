/**
 * Flattening: includes, `a` and `mx` written out as the networks they stand for now, so that the record costs no look-ups.
 *
 * What it costs instead: when a service moves to other addresses, a flattened record does not follow. So it has to be made
 * anew often, and what cannot be written out (macros, exists, ptr) stays as it is. Terms keep their order and their
 * verdicts: neighbours that let pass are one list.
 */
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
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
  /** Terms that are broken and name nobody: they are left out, and what was wrong with them. */
  readonly dropped: readonly { readonly term: string; readonly why: string }[];
}

/** `survey` of the record at `domain`. Undefined when the record has an error or a part of it could not be looked up: guessing would cut somebody off. */
export function flattenSpf(survey: SurveyedRecord): FlattenedSpf | undefined {
  if (survey.problem !== undefined) return undefined;
  const flattening = new Flattening();
  if (!flattening.take(survey)) return undefined;
  const terms = flattening.finish();
  const records = layOut(survey.domain, terms, AUTHENTICATION_LIMITS.spfLookupsMax - flattening.keptLookups);
  return {
    records,
    lookupsBefore: survey.lookups,
    lookupsAfter: flattening.keptLookups + records.length - 1,
    networks: terms.filter((term) => /^ip[46]:/.test(term)).length,
    frozen: [...flattening.frozen],
    kept: flattening.kept,
    dropped: flattening.dropped,
  };
}

class Flattening {
  readonly frozen = new Set<string>();
  readonly kept: { term: string; why: string }[] = [];
  readonly dropped: { term: string; why: string }[] = [];
  keptLookups = 0;
  readonly #terms: string[] = [];
  #open: Record<Family, AddressSet> = { 4: NO_ADDRESSES, 6: NO_ADDRESSES };
  /** Written out before: need not be written again. */
  #written: Record<Family, AddressSet> = { 4: NO_ADDRESSES, 6: NO_ADDRESSES };
  #ending = '?all';

  /** False when something could not be looked up. `movedFrom`: whose record it is, when its terms get into another one's. */
  take(record: SurveyedRecord, movedFrom?: string): boolean {
    for (const term of record.terms) {
      if (term.type === 'all') this.#ending = `${term.qualifier === '+' ? '' : term.qualifier}all`;
      // RFC 7208 §5.1: what stands behind all is never reached. §6.2: exp= counts wherever it stands.
      if (term.type === 'all') return this.#takeExplanation(record);
      if (term.type === 'redirect') return this.#takeRedirect(term);
      if (term.type !== 'exp' && !this.#takeMechanism(term, movedFrom)) return false;
    }
    return this.#takeExplanation(record);
  }

  #takeExplanation({ terms }: SurveyedRecord): true {
    const exp = terms.find(({ type }) => type === 'exp');
    if (exp) this.#keep(exp, exp.term, 'it names the text for refusals');
    return true;
  }

  /** RFC 7208 §6.1: the record there decides, with its own exp= and not with ours. */
  #takeRedirect(term: SurveyedTerm): boolean {
    if (!term.record || term.record.problem !== undefined) return false;
    if (!dependsOnItsName(term.record)) {
      this.frozen.add(term.record.domain);
      return this.take(term.record, term.record.domain);
    }
    this.#flush();
    this.#ending = term.term;
    this.keptLookups += term.lookups;
    this.kept.push({ term: term.term, why: 'macros there stand for its own name' });
    return true;
  }

  finish(): readonly string[] {
    this.#flush();
    return [...this.#terms, this.#ending];
  }

  #takeMechanism(term: SurveyedTerm, movedFrom: string | undefined): boolean {
    const written = movedFrom === undefined ? term.term : withDomain(term.term, movedFrom);
    if (term.qualifier !== '+') this.#keep(term, written, 'it does not let pass, and its place counts');
    else if (!term.covers) {
      if (term.problem !== undefined) return false;
      this.#keep(term, written, term.type === 'include' ? 'something behind it depends on the sender' : 'it depends on the sender');
    } else this.#add(term, term.covers);
    return true;
  }

  #add(term: SurveyedTerm, covers: Covered): void {
    for (const family of [4, 6] as const) this.#open[family] = union(this.#open[family], covers[family]);
    this.dropped.push(...brokenIn(term));
    const namesSomebody = covers[4].length + covers[6].length > 0;
    if (term.lookups > 0 && namesSomebody) this.frozen.add(term.record?.domain ?? (term.value || term.term));
  }

  #keep(term: SurveyedTerm, written: string, why: string): void {
    this.#flush();
    this.#terms.push(written);
    this.keptLookups += term.lookups;
    this.kept.push({ term: written, why });
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

/** `a`, `mx` and `ptr` without a name mean the domain whose record they stand in (RFC 7208 §4.8). */
function withDomain(term: string, domain: string): string {
  return term.replace(/^([+\-~?]?(?:a|mx|ptr))(?=\/|$)/i, `$1:${domain}`);
}

/** %{d} and %{p} stand for the domain whose record it is (RFC 7208 §7.2); in another record they would mean another. */
function dependsOnItsName({ terms }: SurveyedRecord): boolean {
  return terms.some(({ term, type, record }) => /%\{[dp]/i.test(term) || (type === 'redirect' && record !== undefined && dependsOnItsName(record)));
}

function brokenIn({ term, problem, record }: SurveyedTerm): readonly { readonly term: string; readonly why: string }[] {
  if (problem !== undefined) return [{ term, why: problem }];
  return record ? record.terms.flatMap(brokenIn) : [];
}
