/**
 * Asks DNS lists about an address (RFC 5782), and believes an answer only from a list that is alive: it must list 127.0.0.2
 * (::FFFF:7F00:2) and must not list 127.0.0.1 (::FFFF:7F00:1). Answers that are not documented, and those that blame the
 * resolver, are no listings: they are told as what they are.
 */
import type { Dns, DnsAnswer } from '../../contract/dns.ts';
import { nibbles, parseIp, parseIpv6, type IpBytes } from '../ip-address.ts';
import { DNS_LISTS, type DnsList } from './lists.ts';

export type ListVerdict =
  | { readonly kind: 'listed'; /** What the answers mean. */ readonly meanings: readonly string[]; /** What the list says about it, when it does. */ readonly text?: string }
  | { readonly kind: 'clean' }
  /** It did not answer, or not in a way that can be believed. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface ListAnswer {
  readonly list: DnsList;
  readonly verdict: ListVerdict;
}

/** What lists of Spamhaus and others answer instead of a listing. */
export const RESOLVER_ERRORS: Readonly<Record<string, string>> = {
  '127.255.255.252': 'the name of the list is written wrongly',
  '127.255.255.254': 'it does not answer public resolvers: use an own recursive resolver, or the list’s service with a key',
  '127.255.255.255': 'too many questions come from this resolver',
};
const TEXT_CHARS_MAX = 300;

/** Of those for the address's family; `lists` default: all. Never rejects for what the DNS did. Undefined: no address. */
export async function askLists(dns: Dns, address: string, lists: readonly DnsList[] = DNS_LISTS): Promise<readonly ListAnswer[] | undefined> {
  const ip = parseIp(address);
  if (!ip) return undefined;
  const family = ip.length === 4 ? 4 : 6;
  return Promise.all(lists.filter(({ families }) => families.includes(family)).map(async (list) => ({ list, verdict: await askList(dns, list, ip) })));
}

async function askList(dns: Dns, list: DnsList, ip: IpBytes): Promise<ListVerdict> {
  if (list.unusable !== undefined) return { kind: 'unknown', why: list.unusable };
  const name = questionOf(list, ip);
  const [answer, alive] = await Promise.all([dns.query(name, 'A'), deadBecause(dns, list, ip.length === 4)]);
  if (alive !== undefined) return { kind: 'unknown', why: alive };
  const read = readAnswer(list, answer);
  if (read.kind !== 'listed') return read;
  const text = await dns.query(name, 'TXT');
  const words = text.kind === 'found' ? text.records.map((parts) => parts.join('')).join(' ').slice(0, TEXT_CHARS_MAX) : '';
  return words === '' ? read : { ...read, text: words };
}

function readAnswer(list: DnsList, answer: DnsAnswer<'A'>): ListVerdict {
  if (answer.kind === 'failure') return { kind: 'unknown', why: `it did not answer (${answer.reason})` };
  if (answer.kind !== 'found') return { kind: 'clean' };
  const error = answer.records.map((record) => RESOLVER_ERRORS[record]).find((words) => words !== undefined);
  if (error !== undefined) return { kind: 'unknown', why: error };
  const meanings = answer.records.flatMap((record) => (record.startsWith('127.') ? (list.codes[record.slice(4)] ?? []) : []));
  if (meanings.length === 0 && answer.records.every((record) => list.harmless?.includes(record.slice(4)))) return { kind: 'clean' };
  return meanings.length > 0 ? { kind: 'listed', meanings: [...new Set(meanings)] } : { kind: 'unknown', why: `it answered ${answer.records.join(', ')}, which it does not document` };
}

/** RFC 5782 §5. Undefined when the list is alive. Allow lists need not have the test entry. */
async function deadBecause(dns: Dns, list: DnsList, v4: boolean): Promise<string | undefined> {
  const [listed, clean] = await Promise.all([testEntry(dns, list, v4, 2), testEntry(dns, list, v4, 1)]);
  if (clean.kind === 'found') return RESOLVER_ERRORS[clean.records[0] ?? ''] ?? 'it lists every address: it is closed or broken';
  if (listed.kind === 'failure') return `it did not answer (${listed.reason})`;
  if (listed.kind === 'found') return listed.records.map((record) => RESOLVER_ERRORS[record]).find((words) => words !== undefined);
  return list.kind === 'allow' ? undefined : 'it does not list its test entry: it is closed, or does not answer this resolver';
}

function testEntry(dns: Dns, list: DnsList, v4: boolean, last: 1 | 2): Promise<DnsAnswer<'A'>> {
  const entry = v4 ? Uint8Array.of(127, 0, 0, last) : (parseIpv6(`::ffff:7f00:${last}`) as IpBytes);
  return dns.query(questionOf(list, entry), 'A');
}

function questionOf({ zone, key }: DnsList, ip: IpBytes): string {
  return `${reversed(ip)}.${key === undefined ? '' : `${key}.`}${zone}`;
}

/** RFC 5782 §2.1 and §2.4. */
function reversed(ip: IpBytes): string {
  return ip.length === 4 ? [...ip].toReversed().join('.') : nibbles(ip).toReversed().join('.');
}
