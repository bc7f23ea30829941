/**
 * Asks DNS lists about domains (RFC 5782 §2.4), and believes an answer only from a list that is alive: it lists a test
 * entry and does not list `invalid`. Each list proves itself once for all domains asked together.
 */
import type { Dns, DnsAnswer } from '../../contract/dns.ts';
import { DOMAIN_LISTS, type DomainCodes, type DomainList } from './domain-lists.ts';
import { RESOLVER_ERRORS } from './ask-lists.ts';

export type DomainVerdict =
  | { readonly kind: 'listed' | 'grey'; /** What the answers mean. */ readonly meanings: readonly string[] }
  | { readonly kind: 'clean' }
  /** It did not answer, or not in a way that can be believed. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface DomainAnswer {
  readonly list: DomainList;
  readonly domain: string;
  readonly verdict: DomainVerdict;
}

/** One answer for each list and domain. `domains`: lower case, A-labels, no addresses. Never rejects for what the DNS did. */
export async function askDomainLists(dns: Dns, domains: readonly string[], lists: readonly DomainList[] = DOMAIN_LISTS): Promise<readonly DomainAnswer[]> {
  if (domains.length === 0) return [];
  const answers = await Promise.all(lists.map(async (list) => {
    const dead = await deadBecause(dns, list);
    return Promise.all(domains.map(async (domain): Promise<DomainAnswer> => {
      if (dead !== undefined) return { list, domain, verdict: { kind: 'unknown', why: dead } };
      return { list, domain, verdict: readAnswer(list.codes, await dns.query(questionOf(list, domain), 'A')) };
    }));
  }));
  return answers.flat();
}

/** Undefined when the list is alive. */
async function deadBecause(dns: Dns, list: DomainList): Promise<string | undefined> {
  const { testEntries, codes, unusable } = list;
  if (unusable !== undefined) return unusable;
  const [clean, ...listed] = await Promise.all(['invalid', ...testEntries].map((entry) => dns.query(questionOf(list, entry), 'A')));
  if (clean?.kind === 'found') {
    const read = readAnswer(codes, clean);
    return read.kind === 'unknown' ? read.why : 'it lists every domain: it is closed or broken';
  }
  const verdicts = listed.map((answer) => readAnswer(codes, answer));
  if (verdicts.some(({ kind }) => kind === 'listed' || kind === 'grey')) return undefined;
  const told = verdicts.find((verdict) => verdict.kind === 'unknown');
  return told?.why ?? 'it does not list its test entry: it is closed, or does not answer this resolver';
}

function questionOf({ zone, key }: DomainList, domain: string): string {
  return `${domain}.${key === undefined ? '' : `${key}.`}${zone}`;
}

function readAnswer(codes: DomainCodes, answer: DnsAnswer<'A'>): DomainVerdict {
  if (answer.kind === 'failure') return { kind: 'unknown', why: `it did not answer (${answer.reason})` };
  if (answer.kind !== 'found') return { kind: 'clean' };
  const error = answer.records.map((record) => RESOLVER_ERRORS[record]).find((words) => words !== undefined);
  if (error !== undefined) return { kind: 'unknown', why: error };
  const meanings = answer.records.flatMap((record) => meaningsOf(codes, record));
  const blocked = meanings.find(([standing]) => standing === 'blocked');
  if (blocked) return { kind: 'unknown', why: blocked[1] };
  if (meanings.length === 0) return { kind: 'unknown', why: `it answered ${answer.records.join(', ')}, which it does not document` };
  const kind = meanings.some(([standing]) => standing === 'listed') ? 'listed' : 'grey';
  return { kind, meanings: [...new Set(meanings.map(([, words]) => words))] };
}

function meaningsOf(codes: DomainCodes, record: string): (readonly [string, string])[] {
  if (!record.startsWith('127.')) return [];
  if (codes.kind === 'values') {
    const found = codes.values[record.slice(4)];
    return found ? [found] : [];
  }
  if (!record.startsWith('127.0.0.')) return [];
  const sum = Number(record.slice('127.0.0.'.length));
  return codes.bits.flatMap(([bit, standing, words]) => ((sum & bit) === 0 ? [] : [[standing, words] as const]));
}
