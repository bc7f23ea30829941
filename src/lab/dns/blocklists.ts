/**
 * The DNS lists that the lab answers for, as data: each zone with the test entries of RFC 5782 §5 and the code it gives
 * a listed address or domain. Real zones publish these codes; where a zone has several, the lab lists with `listedCode`.
 */
import { isIPv4 } from 'node:net';
import { nibbles, parseIp } from '../../verify/ip-address.ts';
import type { Zone } from './zones.ts';
import type { ZoneRecord } from './zone-record.ts';

export interface Blocklist {
  readonly zone: string;
  readonly lists: readonly ('v4' | 'v6' | 'domain')[];
  /** The 127.x answer for a listing. */
  readonly listedCode: string;
  readonly tier: 'A' | 'B' | 'C' | 'allow';
}

const v4 = ['v4'] as const;
const v4v6 = ['v4', 'v6'] as const;
const domain = ['domain'] as const;

/** Keyed zones answer under the key `lab`. truncate.gbudb.net is not among them: it is the list that has closed. */
export const BLOCKLISTS: readonly Blocklist[] = [
  { zone: 'zen.spamhaus.org', lists: v4v6, listedCode: '127.0.0.2', tier: 'A' },
  { zone: 'sbl.spamhaus.org', lists: v4v6, listedCode: '127.0.0.2', tier: 'A' },
  { zone: 'xbl.spamhaus.org', lists: v4v6, listedCode: '127.0.0.4', tier: 'A' },
  { zone: 'pbl.spamhaus.org', lists: v4v6, listedCode: '127.0.0.10', tier: 'A' },
  { zone: 'lab.zen.dq.spamhaus.net', lists: v4v6, listedCode: '127.0.0.2', tier: 'A' },
  { zone: 'lab.authbl.dq.spamhaus.net', lists: v4, listedCode: '127.0.0.20', tier: 'B' },
  { zone: 'dbl.spamhaus.org', lists: domain, listedCode: '127.0.1.2', tier: 'A' },
  { zone: 'lab.dbl.dq.spamhaus.net', lists: domain, listedCode: '127.0.1.2', tier: 'A' },
  { zone: 'lab.zrd.dq.spamhaus.net', lists: domain, listedCode: '127.0.2.2', tier: 'B' },
  { zone: 'b.barracudacentral.org', lists: v4, listedCode: '127.0.0.2', tier: 'A' },
  { zone: 'bl.spamcop.net', lists: v4, listedCode: '127.0.0.2', tier: 'A' },
  { zone: 'lab.combined.mail.abusix.zone', lists: v4v6, listedCode: '127.0.0.2', tier: 'A' },
  { zone: 'bl.mailspike.net', lists: v4, listedCode: '127.0.0.2', tier: 'B' },
  { zone: 'rep.mailspike.net', lists: v4, listedCode: '127.0.0.10', tier: 'B' },
  { zone: 'psbl.surriel.com', lists: v4, listedCode: '127.0.0.2', tier: 'B' },
  { zone: 'multi.surbl.org', lists: domain, listedCode: '127.0.0.64', tier: 'A' },
  { zone: 'multi.uribl.com', lists: domain, listedCode: '127.0.0.2', tier: 'B' },
  { zone: 'dnsbl-1.uceprotect.net', lists: v4, listedCode: '127.0.0.2', tier: 'B' },
  { zone: 'dnsbl-2.uceprotect.net', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'dnsbl-3.uceprotect.net', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'bl.spameatingmonkey.net', lists: v4, listedCode: '127.0.0.2', tier: 'B' },
  { zone: 'bl.ipv6.spameatingmonkey.net', lists: ['v6'], listedCode: '127.0.0.2', tier: 'B' },
  { zone: 'spam.spamrats.com', lists: v4, listedCode: '127.0.0.38', tier: 'B' },
  { zone: 'dyna.spamrats.com', lists: v4, listedCode: '127.0.0.36', tier: 'B' },
  { zone: 'noptr.spamrats.com', lists: v4, listedCode: '127.0.0.37', tier: 'B' },
  { zone: 'bl.score.senderscore.com', lists: v4, listedCode: '127.0.0.2', tier: 'B' },
  { zone: 'hostkarma.junkemailfilter.com', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'dnsbl.dronebl.org', lists: v4, listedCode: '127.0.0.3', tier: 'C' },
  { zone: 'bl.blocklist.de', lists: v4, listedCode: '127.0.0.9', tier: 'C' },
  { zone: 'bip.virusfree.cz', lists: v4v6, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'rbl.interserver.net', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'rbluri.interserver.net', lists: domain, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'ips.backscatterer.org', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'backscatter.spameatingmonkey.net', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'bl.suomispam.net', lists: v4v6, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'bl.nordspam.com', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'dnsbl.spfbl.net', lists: v4v6, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'dnsrbl.swinog.ch', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'all.s5h.net', lists: v4v6, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'spamrbl.imp.ch', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'wormrbl.imp.ch', lists: v4, listedCode: '127.0.0.2', tier: 'C' },
  { zone: 'iadb.isipp.com', lists: v4, listedCode: '127.0.0.1', tier: 'allow' },
  { zone: 'wl.mailspike.net', lists: v4, listedCode: '127.0.0.18', tier: 'allow' },
  { zone: 'list.dnswl.org', lists: v4v6, listedCode: '127.0.5.1', tier: 'allow' },
  { zone: 'dwl.dnswl.org', lists: domain, listedCode: '127.0.5.1', tier: 'allow' },
];

/** The zones that list an address in the scenario `listed-ip`: those that big providers are known to use. */
export const LISTED_IP_ZONES: readonly string[] = ['zen.spamhaus.org', 'sbl.spamhaus.org', 'lab.zen.dq.spamhaus.net', 'b.barracudacentral.org', 'bl.spamcop.net'];

/** Spamhaus' parts: the zone of the part, and the code by which zen names it. */
export const SPAMHAUS_PARTS = {
  css: { zone: 'sbl.spamhaus.org', code: '127.0.0.3' },
  xbl: { zone: 'xbl.spamhaus.org', code: '127.0.0.4' },
  pbl: { zone: 'pbl.spamhaus.org', code: '127.0.0.10' },
} as const;

const TEST_IPV4 = '127.0.0.2';
/** RFC 5782 §5: ::FFFF:7F00:2, written as reversed nibbles. */
const TEST_IPV6_NIBBLES = [...'00000000000000000000ffff7f000002'].toReversed().join('.');

/** An IPv4 address or domain on a list, `code` when the list has several kinds and it is not `listedCode`. */
export interface Listing {
  readonly item: string;
  readonly code?: string;
}

/** What an address in 192.0.2.0/24 (or 2001:db8::, or a domain) gets from lists, so that each outcome can be tried. */
export const REHEARSALS: readonly { readonly item: string; readonly on: (list: Blocklist) => boolean; readonly code?: string }[] = [
  // Each kind of Spamhaus by its number, one that it does not document, and what it says of resolvers.
  ...[2, 3, 4, 9, 10, 11, 30, 99].map((code) => ({ item: `192.0.2.${code}`, on: isZen, code: `127.0.0.${code}` })),
  ...[252, 254, 255].map((code) => ({ item: `192.0.2.${code}`, on: isZen, code: `127.255.255.${code}` })),
  { item: '192.0.2.200', on: ({ tier }) => tier !== 'allow' },
  { item: '192.0.2.201', on: ({ tier }) => tier === 'allow' },
  { item: '192.0.2.202', on: ({ tier }) => tier === 'C' },
  { item: 'listed.example', on: ({ tier, lists }) => tier !== 'allow' && lists.includes('domain') },
  { item: '2001:db8::200', on: ({ tier, lists }) => tier !== 'allow' && lists.includes('v6') },
];

function isZen({ zone }: Blocklist): boolean {
  return zone === 'zen.spamhaus.org' || zone === 'lab.zen.dq.spamhaus.net';
}

/** One zone per list; `listings` maps a list's zone to what is on it besides the test entries. */
export function blocklistZones(listings: ReadonlyMap<string, readonly Listing[]>): readonly Zone[] {
  return BLOCKLISTS.map((list) => ({
    apex: list.zone,
    records: [
      ...testEntries(list).flatMap((label) => listing(list, label)),
      ...[...REHEARSALS.filter(({ on }) => on(list)), ...(listings.get(list.zone) ?? [])].flatMap(({ item, code }) => listing(list, labelOf(item), code)),
    ],
  }));
}

function labelOf(item: string): string {
  const ip = parseIp(item);
  return ip?.length === 16 ? nibbles(ip).toReversed().join('.') : isIPv4(item) ? reverseIPv4(item) : item;
}

export function reverseIPv4(address: string): string {
  return address.split('.').toReversed().join('.');
}

function testEntries(list: Blocklist): string[] {
  return list.lists.map((kind) => {
    switch (kind) {
      case 'v4':
        return reverseIPv4(TEST_IPV4);
      case 'v6':
        return TEST_IPV6_NIBBLES;
      case 'domain':
        return 'test';
    }
  });
}

function listing(list: Blocklist, label: string, code = list.listedCode): ZoneRecord[] {
  const name = `${label}.${list.zone}`;
  return [
    { name, type: 'A', value: code },
    { name, type: 'TXT', value: `Listed by the simulated ${list.zone}` },
  ];
}
