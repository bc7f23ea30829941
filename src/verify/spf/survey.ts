/**
 * An SPF record with everything that it pulls in, without asking about any one client: each term with its meaning, what it
 * costs in look-ups (RFC 7208 §4.6.4), which addresses it covers, and the records behind it. For people who want to
 * understand a record, and for making a better one of it.
 *
 * The counts are those of a client that no term matches: the dearest evaluation there is. Look-ups of `mx` hosts count as
 * RFC 7208 has it, one for the term.
 */
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { Dns, DnsAnswer, RecordType } from '../../contract/dns.ts';
import { isWellFormedDomain } from '../domain-name.ts';
import { parseIp } from '../ip-address.ts';
import { difference, everyAddress, networkSet, NO_ADDRESSES, union, type AddressSet, type Family } from './address-set.ts';
import { meaningOf } from './meaning.ts';
import { isSpfRecord, parseSpfRecord, shownTerm, type Directive, type SpfRecord } from './record.ts';
import type { MacroString } from './macro.ts';

/** Addresses of both families. */
export type Covered = Readonly<Record<Family, AddressSet>>;

export interface SurveyedTerm {
  /** As written. */
  readonly term: string;
  readonly qualifier: '+' | '-' | '~' | '?' | '';
  /** `include`, `ip4`, … or the name of a modifier. */
  readonly type: string;
  /** Behind the colon, slash or equals sign. */
  readonly value: string;
  readonly meaning: string;
  /** Addresses that it matches; undefined where that depends on the client (macros, exists, ptr) or could not be looked up. */
  readonly covers: Covered | undefined;
  /** Look-ups that count, its own and those of the records behind it. */
  readonly lookups: number;
  readonly voids: number;
  /** What is wrong with it. */
  readonly problem?: string;
  /** The record behind an include or redirect. */
  readonly record?: SurveyedRecord;
}

export interface SurveyedRecord {
  readonly domain: string;
  /** As published; '' when there is none. */
  readonly text: string;
  /** Octets of the text, and of its longest character-string. */
  readonly octets: number;
  readonly longestString: number;
  readonly terms: readonly SurveyedTerm[];
  readonly lookups: number;
  readonly voids: number;
  /** Addresses that it lets pass; undefined where that depends on the client. */
  readonly passes: Covered | undefined;
  /** What is wrong with the record itself. */
  readonly problem?: string;
  /** The problem is that it could not be looked up now. */
  readonly temporary?: true;
  /** Parsed, when it can be. */
  readonly parsed?: SpfRecord;
}

const DEPTH_MAX = 12;
/** Records that one survey opens: a bound against records that fan out. */
const RECORDS_MAX = 100;
const NOTHING: Covered = { 4: NO_ADDRESSES, 6: NO_ADDRESSES };

/** `draft` stands in for what `domain` publishes. Never rejects for what the DNS did: look-ups that fail are problems of their terms. */
export async function surveySpf(dns: Dns, domain: string, draft?: string): Promise<SurveyedRecord> {
  return new Survey(dns).record(domain, 0, [], draft === undefined ? undefined : [draft]);
}

class Survey {
  readonly #dns: Dns;
  #records = 0;

  constructor(dns: Dns) {
    this.#dns = dns;
  }

  async record(domain: string, depth: number, above: readonly string[], draft?: readonly string[]): Promise<SurveyedRecord> {
    const empty = { domain, text: '', octets: 0, longestString: 0, terms: [], lookups: 0, voids: 0, passes: NOTHING };
    this.#records += 1;
    if (above.includes(domain)) return { ...empty, passes: undefined, problem: `a circle: ${[...above, domain].join(' → ')}` };
    if (depth > DEPTH_MAX || this.#records > RECORDS_MAX) return { ...empty, passes: undefined, problem: 'records are nested too deeply to be followed' };
    const found = draft ? { strings: draft } : await this.#published(domain);
    if ('problem' in found) return { ...empty, passes: found.unknown ? undefined : NOTHING, problem: found.problem, ...(found.unknown ? { temporary: true as const } : {}) };
    const text = found.strings.join('');
    const sizes = { text, octets: Buffer.byteLength(text, 'latin1'), longestString: Math.max(...found.strings.map((part) => Buffer.byteLength(part, 'latin1'))) };
    const parsed = isSpfRecord(text) ? parseSpfRecord(text) : ({ kind: 'error', term: shownTerm(text), detail: 'it does not start with v=spf1' } as const);
    if (parsed.kind === 'error') return { ...empty, ...sizes, problem: `syntax error in "${parsed.term}": ${parsed.detail}` };
    return { ...(await this.#terms(domain, depth, [...above, domain], parsed.record)), domain, ...sizes, parsed: parsed.record };
  }

  async #published(domain: string): Promise<{ readonly strings: readonly string[] } | { readonly problem: string; readonly unknown: boolean }> {
    if (!isWellFormedDomain(domain)) return { problem: `"${shownTerm(domain)}" is no domain name`, unknown: false };
    const answer = await this.#dns.query(domain, 'TXT');
    if (answer.kind === 'failure') return { problem: `the look-up TXT ${domain} failed (${answer.reason})`, unknown: true };
    const records = answer.kind === 'found' ? answer.records.filter((strings) => isSpfRecord(strings.join(''))) : [];
    if (records.length === 0) return { problem: `${domain} publishes no SPF record`, unknown: false };
    if (records.length > 1) return { problem: `${domain} publishes ${records.length} SPF records, only one is allowed (RFC 7208 §4.5)`, unknown: false };
    return { strings: records[0] as readonly string[] };
  }

  async #terms(domain: string, depth: number, path: readonly string[], record: SpfRecord): Promise<Pick<SurveyedRecord, 'terms' | 'lookups' | 'voids' | 'passes'>> {
    const terms: SurveyedTerm[] = [];
    for (const directive of record.directives) terms.push(await this.#directive(domain, depth, path, directive));
    let passes = passingSet(record.directives, terms);
    if (record.redirect) {
      const term = await this.#redirect(depth, path, record.redirect.term, record.redirect.target);
      terms.push(term);
      // RFC 7208 §6.1: with an `all` it is never reached.
      if (!record.directives.some(({ kind }) => kind === 'all')) passes = joined(passes, undecided(record.directives, terms), term.record?.passes);
    }
    if (record.exp) terms.push({ ...plainTerm(record.exp.term, 'exp', record.exp.term.slice(4)), meaning: 'where the text is that tells a refused sender why' });
    const sum = (key: 'lookups' | 'voids'): number => terms.reduce((total, term) => total + term[key], 0);
    return { terms, lookups: sum('lookups'), voids: sum('voids'), passes };
  }

  async #directive(domain: string, depth: number, path: readonly string[], directive: Directive): Promise<SurveyedTerm> {
    const { term, qualifier, kind } = directive;
    const value = term.replace(/^[+\-~?]?[A-Za-z0-9]+:?/, '');
    const target = 'target' in directive ? nameOf(directive.target, domain) : domain;
    const base = { ...plainTerm(term, kind, value), qualifier, meaning: meaningOf(directive, domain, 'target' in directive && directive.target ? (target ?? value) : domain) };
    switch (kind) {
      case 'all':
        return { ...base, covers: { 4: everyAddress(4), 6: everyAddress(6) } };
      case 'ip4':
        return { ...base, covers: { 4: networkSet(directive.network, directive.bits), 6: NO_ADDRESSES } };
      case 'ip6':
        return { ...base, covers: { 4: NO_ADDRESSES, 6: networkSet(directive.network, directive.bits) } };
      case 'a':
        return target === undefined ? { ...base, lookups: 1, covers: undefined } : { ...base, ...(await this.#hosts([target], directive, true)), lookups: 1 };
      case 'mx':
        return target === undefined ? { ...base, lookups: 1, covers: undefined } : { ...base, ...(await this.#mailServers(target, directive)), lookups: 1 };
      case 'include': {
        if (target === undefined) return { ...base, lookups: 1, covers: undefined };
        const record = await this.record(target, depth + 1, path);
        const problem = record.problem === undefined ? {} : { problem: record.problem };
        return { ...base, ...problem, record, lookups: 1 + record.lookups, voids: record.voids, covers: record.passes };
      }
      case 'exists':
      case 'ptr':
        return { ...base, lookups: 1, covers: undefined };
    }
  }

  async #redirect(depth: number, path: readonly string[], term: string, target: MacroString): Promise<SurveyedTerm> {
    const name = nameOf(target, '');
    const base = { ...plainTerm(term, 'redirect', term.slice('redirect='.length)), lookups: 1 };
    if (name === undefined) return { ...base, covers: undefined, meaning: 'the record of a name that depends on the sender decides' };
    const record = await this.record(name, depth + 1, path);
    const problem = record.problem === undefined ? {} : { problem: record.problem };
    return { ...base, ...problem, meaning: `the record of ${name} decides about everybody else`, record, lookups: 1 + record.lookups, voids: record.voids, covers: record.passes };
  }

  async #mailServers(name: string, cidr: { readonly v4Bits: number; readonly v6Bits: number }): Promise<Pick<SurveyedTerm, 'covers' | 'voids' | 'problem'>> {
    const answer = await this.#dns.query(name, 'MX');
    if (answer.kind === 'failure') return { covers: undefined, voids: 0, problem: failed('MX', name, answer) };
    if (answer.kind !== 'found') return { covers: NOTHING, voids: 1, problem: `${shownTerm(name)} has no MX` };
    if (answer.records.length > AUTHENTICATION_LIMITS.spfMxAddressesMax) {
      return { covers: undefined, voids: 0, problem: `${name} has ${answer.records.length} MX records, ${AUTHENTICATION_LIMITS.spfMxAddressesMax} are allowed` };
    }
    return this.#hosts(answer.records.map(({ exchange }) => exchange), cidr, false);
  }

  async #hosts(names: readonly string[], { v4Bits, v6Bits }: { readonly v4Bits: number; readonly v6Bits: number }, countVoids: boolean): Promise<Pick<SurveyedTerm, 'covers' | 'voids' | 'problem'>> {
    const covers: Record<Family, AddressSet> = { 4: NO_ADDRESSES, 6: NO_ADDRESSES };
    let found = 0;
    for (const name of names.filter(isWellFormedDomain)) {
      for (const [type, family, bits] of [['A', 4, v4Bits], ['AAAA', 6, v6Bits]] as const) {
        const answer = await this.#dns.query(name, type);
        if (answer.kind === 'failure') return { covers: undefined, voids: 0, problem: failed(type, name, answer) };
        if (answer.kind !== 'found') continue;
        found += answer.records.length;
        for (const text of answer.records) {
          const address = parseIp(text);
          if (address) covers[family] = union(covers[family], networkSet(address, bits));
        }
      }
    }
    return found > 0 ? { covers, voids: 0 } : { covers, voids: countVoids ? 1 : 0, problem: `${shownTerm(names.join(', '))} has no address` };
  }
}

function plainTerm(term: string, type: string, value: string): SurveyedTerm {
  return { term, qualifier: '', type, value, meaning: '', covers: NOTHING, lookups: 0, voids: 0 };
}

function failed<T extends RecordType>(type: T, name: string, answer: Extract<DnsAnswer<T>, { kind: 'failure' }>): string {
  return `the look-up ${type} ${name} failed (${answer.reason})`;
}

/** Undefined when macros make it depend on the client. */
function nameOf(target: MacroString | undefined, domain: string): string | undefined {
  if (!target) return domain;
  if (target.some((part) => part.kind === 'macro')) return undefined;
  return target.map((part) => (part.kind === 'literal' ? part.text : '')).join('').toLowerCase().replace(/\.$/, '');
}

/** Terms in order: what an earlier one has decided, a later one does not change. */
function passingSet(directives: readonly Directive[], terms: readonly SurveyedTerm[]): Covered | undefined {
  const passes: Record<Family, AddressSet> = { 4: NO_ADDRESSES, 6: NO_ADDRESSES };
  const decided: Record<Family, AddressSet> = { 4: NO_ADDRESSES, 6: NO_ADDRESSES };
  for (const [at, { qualifier }] of directives.entries()) {
    const covers = terms[at]?.covers;
    if (!covers) return undefined;
    for (const family of [4, 6] as const) {
      if (qualifier === '+') passes[family] = union(passes[family], difference(covers[family], decided[family]));
      decided[family] = union(decided[family], covers[family]);
    }
  }
  return passes;
}

function undecided(directives: readonly Directive[], terms: readonly SurveyedTerm[]): Covered | undefined {
  const left: Record<Family, AddressSet> = { 4: everyAddress(4), 6: everyAddress(6) };
  for (const at of directives.keys()) {
    const covers = terms[at]?.covers;
    if (!covers) return undefined;
    for (const family of [4, 6] as const) left[family] = difference(left[family], covers[family]);
  }
  return left;
}

/** Those that pass already, and of the undecided ones those that pass there. */
function joined(passes: Covered | undefined, left: Covered | undefined, there: Covered | undefined): Covered | undefined {
  if (!passes || !left || !there) return undefined;
  const both = (family: Family): AddressSet => union(passes[family], difference(there[family], difference(everyAddress(family), left[family])));
  return { 4: both(4), 6: both(6) };
}
