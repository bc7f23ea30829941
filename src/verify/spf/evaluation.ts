/**
 * check_host() of RFC 7208 §4: one record after another, mechanism by mechanism, with a trace of every step.
 */
import type { SpfResult } from '../../contract/auth-report.ts';
import { isSameOrBelow, isWellFormedDomain } from '../domain-name.ts';
import { sameNetwork, type IpBytes } from '../ip-address.ts';
import { matchesAddress, SpfAbort, type SpfLookups } from './lookups.ts';
import { expandToName, type MacroString, type MacroValues } from './macro.ts';
import type { PublishedRecord } from './published-record.ts';
import { isSpfRecord, parseSpfRecord, shownTerm, type Directive, type Modifier, type Qualifier, type SpfRecord } from './record.ts';
import type { SpfTrace } from './trace.ts';

export interface SpfQuestion {
  readonly ip: IpBytes;
  readonly sender: string;
  readonly localPart: string;
  readonly senderDomain: string;
  readonly helo: string;
  readonly receiver: string;
  readonly nowSeconds: number;
  readonly clientText: string;
}

export interface Decision {
  readonly result: SpfResult;
  /** The term that decided, as written. */
  readonly mechanism?: string;
  /** The domain whose record decided, and its exp=, for the published explanation. */
  readonly domain: string;
  readonly exp?: Modifier;
  readonly detail: string;
}

const RESULTS: Readonly<Record<Qualifier, SpfResult>> = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' };
/** Deep nesting is bounded by the look-up limit; this bounds it also when that is raised. */
const DEPTH_MAX = 20;
const NAME_CHARS_SHOWN = 100;

/** Decided without the DNS. */
type LocalDirective = Extract<Directive, { kind: 'all' | 'ip4' | 'ip6' }>;

function isLocal(directive: Directive): directive is LocalDirective {
  return directive.kind === 'ip4' || directive.kind === 'ip6' || directive.kind === 'all';
}

export class Evaluation {
  readonly #question: SpfQuestion;
  readonly #lookups: SpfLookups;
  readonly #trace: SpfTrace;

  constructor(question: SpfQuestion, lookups: SpfLookups, trace: SpfTrace) {
    this.#question = question;
    this.#lookups = lookups;
    this.#trace = trace;
  }

  /** Throws SpfAbort for temperror and permerror. `published` stands in for what the DNS has at `domain`. */
  async checkHost(domain: string, depth: number, published?: string): Promise<Decision> {
    // RFC 7208 §4.3: a malformed or single-label domain has no policy.
    if (!isWellFormedDomain(domain) || !domain.includes('.')) {
      return { result: 'none', domain, detail: `"${domain.slice(0, NAME_CHARS_SHOWN)}" is not a domain name` };
    }
    if (depth > DEPTH_MAX) throw new SpfAbort('permerror', 'records are nested too deeply');
    const record = published === undefined ? await this.#publishedRecord(domain, depth) : readDraft(published);
    if (record === undefined) return { result: 'none', domain, detail: `${domain} publishes no SPF record` };
    const { text, parsed } = record;
    if (parsed.kind === 'error') {
      const detail = `the SPF record of ${domain} has a syntax error in "${parsed.term}": ${parsed.detail}`;
      this.#trace.add(depth, domain, parsed.term, 'error', parsed.detail);
      throw new SpfAbort('permerror', detail);
    }
    this.#trace.add(depth, domain, 'record', 'record', text);
    return this.#evaluate(domain, depth, parsed.record);
  }

  /** The values for expanding macros while the record of `domain` is evaluated. */
  macroValues(domain: string): MacroValues {
    return { ...this.#question, domain, validatedName: () => this.#lookups.validatedName(domain) };
  }

  async #publishedRecord(domain: string, depth: number): Promise<PublishedRecord | undefined> {
    let records: readonly PublishedRecord[];
    try {
      records = await this.#lookups.spfRecords(domain);
    } catch (problem) {
      this.#trace.add(depth, domain, 'record', 'error', messageOf(problem));
      throw problem;
    }
    // RFC 7208 §4.5: more than one record is an error; none is `none`.
    if (records.length > 1) {
      this.#trace.add(depth, domain, 'record', 'error', `${records.length} SPF records`);
      throw new SpfAbort('permerror', `${domain} publishes ${records.length} SPF records, only one is allowed`);
    }
    if (records.length === 0) this.#trace.add(depth, domain, 'record', 'no-match', 'no SPF record');
    return records[0];
  }

  async #evaluate(domain: string, depth: number, record: SpfRecord): Promise<Decision> {
    for (const [index, directive] of record.directives.entries()) {
      const decision = isLocal(directive) ? this.#tryLocal(domain, depth, directive) : await this.#tryDirective(domain, depth, directive);
      if (!decision) continue;
      if (depth === 0) {
        for (const rest of record.directives.slice(index + 1)) {
          this.#trace.add(depth, domain, rest.term, 'skipped', 'an earlier mechanism had decided');
        }
      }
      return { ...decision, ...(record.exp && { exp: record.exp }) };
    }
    if (record.redirect) return this.#redirect(domain, depth, record.redirect);
    this.#trace.add(depth, domain, 'default', 'no-match', 'no mechanism matched and there is no redirect');
    return { result: 'neutral', domain, detail: `no mechanism of ${domain} matched` };
  }

  /** Without the DNS, and without a turn of the event loop: a record may name hundreds of networks. */
  #tryLocal(domain: string, depth: number, directive: LocalDirective): Decision | undefined {
    const match = this.#matchLocal(directive);
    this.#trace.add(depth, domain, directive.term, match.matched ? 'match' : 'no-match', match.detail);
    if (!match.matched) return undefined;
    return { result: RESULTS[directive.qualifier], mechanism: directive.term, domain, detail: match.detail };
  }

  #matchLocal(directive: LocalDirective): Match {
    if (directive.kind === 'all') return { matched: true, detail: 'all matches every address' };
    const matched = sameNetwork(directive.network, this.#question.ip, directive.bits);
    return { matched, detail: `${this.#client} is ${matched ? '' : 'not '}in ${directive.term.slice(directive.term.indexOf(':') + 1)}` };
  }

  async #tryDirective(domain: string, depth: number, directive: Exclude<Directive, LocalDirective>): Promise<Decision | undefined> {
    let match: Match;
    try {
      match =
        directive.kind === 'include'
          ? await this.#include(domain, depth, directive.term, directive.target)
          : await this.#match(domain, directive);
    } catch (problem) {
      if (directive.kind !== 'include') this.#trace.add(depth, domain, directive.term, 'error', messageOf(problem));
      throw problem;
    }
    if (directive.kind !== 'include') {
      this.#trace.add(depth, domain, directive.term, match.matched ? 'match' : 'no-match', match.detail);
    }
    if (!match.matched) return undefined;
    return { result: RESULTS[directive.qualifier], mechanism: directive.term, domain, detail: match.detail };
  }

  async #match(domain: string, directive: Exclude<Directive, LocalDirective | { kind: 'include' }>): Promise<Match> {
    switch (directive.kind) {
      case 'a':
        return this.#matchA(await this.#target(domain, directive.target), this.#bits(directive));
      case 'mx':
        return this.#matchMx(await this.#target(domain, directive.target), this.#bits(directive));
      case 'exists':
        return this.#matchExists(await this.#target(domain, directive.target));
      case 'ptr':
        return this.#matchPtr(await this.#target(domain, directive.target));
    }
  }

  async #target(domain: string, target: MacroString | undefined): Promise<string> {
    this.#lookups.countTerm();
    return target ? expandToName(target, this.macroValues(domain)) : domain;
  }

  async #matchA(name: string, bits: number): Promise<Match> {
    const addresses = await this.#lookups.addresses(name);
    const matched = addresses.some((text) => matchesAddress(text, this.#question.ip, bits));
    return { matched, detail: this.#compared(name, addresses, matched) };
  }

  async #matchMx(name: string, bits: number): Promise<Match> {
    const seen: string[] = [];
    for await (const { host, addresses } of this.#lookups.mxAddresses(name)) {
      if (addresses.some((text) => matchesAddress(text, this.#question.ip, bits))) {
        return { matched: true, detail: `${this.#client} belongs to ${host}, an MX of ${name}` };
      }
      seen.push(host);
    }
    return { matched: false, detail: seen.length === 0 ? `${name} has no MX` : `${this.#client} belongs to none of ${seen.join(', ')}` };
  }

  async #matchExists(name: string): Promise<Match> {
    const matched = await this.#lookups.exists(name);
    return { matched, detail: `${name} ${matched ? 'exists' : 'has no A record'}` };
  }

  async #matchPtr(name: string): Promise<Match> {
    const names = await this.#lookups.validatedNames();
    const found = names.find((candidate) => isSameOrBelow(candidate, name));
    if (found !== undefined) return { matched: true, detail: `${this.#client} is ${found}` };
    return { matched: false, detail: names.length === 0 ? `${this.#client} has no validated name` : `${names.join(', ')} is not below ${name}` };
  }

  /** RFC 7208 §5.2: the included record's result, not its qualifier, decides whether include matches. */
  async #include(domain: string, depth: number, term: string, target: MacroString): Promise<Match> {
    const place = this.#trace.add(depth, domain, term, 'no-match', 'evaluating');
    try {
      const name = await this.#target(domain, target);
      const inner = await this.checkHost(name, depth + 1);
      if (inner.result === 'none') throw new SpfAbort('permerror', `${shownTerm(term)} names ${shownTerm(name)}, which publishes no SPF record`);
      const matched = inner.result === 'pass';
      const detail = `${name} gives ${inner.result}${inner.mechanism ? ` by "${inner.mechanism}"` : ''}`;
      this.#trace.amend(place, matched ? 'match' : 'no-match', detail);
      return { matched, detail };
    } catch (problem) {
      this.#trace.amend(place, 'error', messageOf(problem));
      throw problem;
    }
  }

  /** RFC 7208 §6.1. */
  async #redirect(domain: string, depth: number, redirect: Modifier): Promise<Decision> {
    const place = this.#trace.add(depth, domain, redirect.term, 'no-match', 'evaluating');
    try {
      const name = await this.#target(domain, redirect.target);
      const inner = await this.checkHost(name, depth + 1);
      if (inner.result === 'none') throw new SpfAbort('permerror', `${shownTerm(redirect.term)} names ${shownTerm(name)}, which publishes no SPF record`);
      this.#trace.amend(place, 'match', `${name} gives ${inner.result}`);
      return { ...inner, mechanism: inner.mechanism ?? redirect.term };
    } catch (problem) {
      this.#trace.amend(place, 'error', messageOf(problem));
      throw problem;
    }
  }

  get #client(): string {
    return this.#question.clientText;
  }

  #bits(cidr: { readonly v4Bits: number; readonly v6Bits: number }): number {
    return this.#question.ip.length === 4 ? cidr.v4Bits : cidr.v6Bits;
  }

  #compared(name: string, addresses: readonly string[], matched: boolean): string {
    if (addresses.length === 0) return `${name} has no ${this.#question.ip.length === 4 ? 'IPv4' : 'IPv6'} address`;
    return `${this.#client} is ${matched ? '' : 'not '}among ${addresses.slice(0, 5).join(', ')} (${name})`;
  }
}

interface Match {
  readonly matched: boolean;
  readonly detail: string;
}

function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

/** A record that nobody has published yet. */
function readDraft(text: string): PublishedRecord {
  return { text, parsed: isSpfRecord(text) ? parseSpfRecord(text) : { kind: 'error', term: shownTerm(text), detail: 'it does not start with v=spf1' } };
}
