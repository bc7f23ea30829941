/**
 * Does the reverse name of an address look like one that a provider gives to every customer? Receivers take such names for
 * homes and for rented machines that nobody looks after.
 */
import type { IpBytes } from '../ip-address.ts';

export type NameJudgement =
  | { readonly kind: 'own' }
  /** A rented machine whose name was not set. */
  | { readonly kind: 'provider'; readonly why: string }
  /** An access line. */
  | { readonly kind: 'dynamic'; readonly why: string };

/** Words of access lines, as parts of a name. */
const DYNAMIC_WORDS = new Set(['dyn', 'dynamic', 'dynip', 'dhcp', 'dial', 'dialin', 'dialup', 'pool', 'pools', 'ppp', 'pppoe', 'dsl', 'adsl', 'vdsl', 'cable', 'catv', 'cust', 'customer', 'client', 'broadband', 'res', 'residential', 'fttx', 'ftth', 'gprs', 'lte', 'mobile', 'wifi', 'unassigned']);
const PROVIDER_WORDS = new Set(['static', 'vps', 'vserver', 'server', 'host', 'hosted', 'ip', 'rev', 'reverse', 'compute', 'ec2', 'bc', 'node', 'cloud', 'kvm', 'ptr', 'rdns', 'instances']);

export function judgeName(name: string, ip: IpBytes): NameJudgement {
  const lower = name.toLowerCase();
  const words = lower.split(/[^a-z]+/).filter((word) => word !== '');
  const dynamic = words.find((word) => DYNAMIC_WORDS.has(word));
  const holds = holdsAddress(lower, ip);
  if (dynamic !== undefined && (holds || lower.split('.').length > 3)) return { kind: 'dynamic', why: `"${dynamic}" in it is a word of access lines` };
  if (holds) return { kind: 'provider', why: 'it holds the address' };
  const first = lower.split('.')[0] ?? '';
  const provider = words.find((word) => PROVIDER_WORDS.has(word));
  if (provider !== undefined && /\d{2,}/.test(first)) return { kind: 'provider', why: `it is numbered, with "${provider}" in it` };
  return { kind: 'own' };
}

/** The numbers of the address, in either order, in decimal or in hexadecimal. */
function holdsAddress(name: string, ip: IpBytes): boolean {
  const numbers = (name.match(/\d{1,3}/g) ?? []).map(Number);
  if (ip.length === 4) {
    const forward = [...ip];
    const hex = Buffer.from(ip).toString('hex');
    const padded = forward.map((part) => String(part).padStart(3, '0')).join('');
    return follows(numbers, forward) || follows(numbers, forward.toReversed()) || follows(numbers, forward.slice(0, 3)) || name.includes(hex) || name.includes(padded);
  }
  const groups = Array.from({ length: 8 }, (_, at) => (((ip[at * 2] ?? 0) << 8) | (ip[at * 2 + 1] ?? 0)).toString(16));
  const tail = groups.filter((group) => group !== '0').slice(-3);
  return tail.length === 3 && (name.includes(tail.join('-')) || name.includes(tail.join('.')));
}

function follows(numbers: readonly number[], wanted: readonly number[]): boolean {
  return numbers.some((_, at) => wanted.every((number, offset) => numbers[at + offset] === number));
}
