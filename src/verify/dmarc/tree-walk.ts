/**
 * The DNS tree walk (RFC 9989 §4.10): from a domain up to its top-level domain in at most eight questions, and what
 * follows from it: the organizational domain and the record whose policy applies.
 */
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { Dns } from '../../contract/dns.ts';
import { isAlmostDmarcRecord, isDmarcRecord, parseDmarcRecord, type DmarcRecord } from './record.ts';

export interface FoundRecord {
  readonly domain: string;
  readonly record: DmarcRecord;
}

export interface Walk {
  /** Longest name first. */
  readonly found: readonly FoundRecord[];
  readonly organizationalDomain: string;
}

export type Discarded =
  /** RFC 9989 §4.10 step 2. */
  | { readonly kind: 'several'; readonly count: number }
  /** It does not begin with v=DMARC1 and a semicolon. */
  | { readonly kind: 'unreadable'; readonly text: string };

/** A question of the walk failed: nobody knows where the walk would have ended. */
export class WalkFailure extends Error {}

/** Walks of one message share their questions: domains of one message are mostly related. */
export class TreeWalker {
  readonly #dns: Dns;
  readonly #records = new Map<string, Promise<DmarcRecord | undefined>>();
  readonly #walks = new Map<string, Promise<Walk>>();
  readonly #asked: string[] = [];
  readonly #discarded = new Map<string, Discarded>();

  constructor(dns: Dns) {
    this.#dns = dns;
  }

  /** Names asked so far, in order. */
  get asked(): readonly string[] {
    return this.#asked;
  }

  /** By the name asked: records that count for nothing. */
  get discarded(): ReadonlyMap<string, Discarded> {
    return this.#discarded;
  }

  /** The DMARC record at `_dmarc.domain`; several are as good as none. Rejects with WalkFailure. */
  record(domain: string): Promise<DmarcRecord | undefined> {
    let record = this.#records.get(domain);
    if (!record) this.#records.set(domain, (record = this.#ask(domain)));
    return record;
  }

  /** Rejects with WalkFailure. */
  walk(domain: string): Promise<Walk> {
    let walk = this.#walks.get(domain);
    if (!walk) this.#walks.set(domain, (walk = this.#walk(domain)));
    return walk;
  }

  async #walk(start: string): Promise<Walk> {
    const found: FoundRecord[] = [];
    for (const domain of walkTargets(start)) {
      const record = await this.record(domain);
      if (!record) continue;
      found.push({ domain, record });
      // RFC 9989 §4.10 steps 2 and 6: also at the start, so that a public suffix that writes mail stands for itself.
      if (record.psd !== 'u') break;
    }
    return { found, organizationalDomain: organizationalDomain(start, found) };
  }

  async #ask(domain: string): Promise<DmarcRecord | undefined> {
    const name = `_dmarc.${domain}`;
    this.#asked.push(name);
    const answer = await this.#dns.query(name, 'TXT');
    if (answer.kind === 'failure') throw new WalkFailure(`the look-up of ${name} failed (${answer.reason})`);
    if (answer.kind !== 'found') return undefined;
    const all = answer.records.map((strings) => strings.join(''));
    const texts = all.filter(isDmarcRecord);
    const almost = all.find(isAlmostDmarcRecord);
    if (texts.length > 1) this.#discarded.set(name, { kind: 'several', count: texts.length });
    else if (texts.length === 0 && almost !== undefined) this.#discarded.set(name, { kind: 'unreadable', text: almost });
    // RFC 9989 §4.10 step 2: several records are all discarded.
    return texts.length === 1 ? parseDmarcRecord(texts[0] as string) : undefined;
  }
}

/** RFC 9989 §4.10 steps 4 to 8: the domain itself, then its parents, of long names only the last seven. */
export function walkTargets(domain: string): string[] {
  const labels = domain.split('.');
  const most = AUTHENTICATION_LIMITS.dmarcTreeWalkQueriesMax;
  const first = labels.length < most ? 1 : labels.length - (most - 1);
  const targets = [domain];
  for (let cut = first; cut < labels.length; cut += 1) targets.push(labels.slice(cut).join('.'));
  return targets;
}

/** RFC 9989 §4.10.2. */
function organizationalDomain(start: string, found: readonly FoundRecord[]): string {
  for (const { domain, record } of found) {
    if (record.psd === 'n') return domain;
    if (record.psd === 'y' && domain !== start) return oneLabelBelow(domain, start);
  }
  return found.at(-1)?.domain ?? start;
}

function oneLabelBelow(parent: string, name: string): string {
  const depth = parent.split('.').length + 1;
  return name.split('.').slice(-depth).join('.');
}
