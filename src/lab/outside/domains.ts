/**
 * The domains of the host outside, as data: what each publishes decides how our server must judge its mail. All are sent
 * from the one address of that host, which is named `mx.outside.example`.
 */
import type { KeyObject } from 'node:crypto';
import { dkimRecordOf } from '../dns/internet.ts';
import type { ZoneRecord } from '../dns/zone-record.ts';

export const OUTSIDE_HOST = 'mx.outside.example';
export const OUTSIDE_SELECTOR = 'lab';

interface OutsideDomain {
  readonly name: string;
  /** `ours`: the host's address; `nobody`: -all. */
  readonly spf?: 'ours' | 'nobody';
  readonly dkim?: boolean;
  readonly dmarc?: string;
}

/** Reads reports for others (RFC 9990 §4). */
const READER = 'good.example';

export const OUTSIDE_DOMAINS: readonly OutsideDomain[] = [
  /** Everything right, and strict. */
  { name: 'good.example', spf: 'ours', dkim: true, dmarc: 'v=DMARC1; p=reject; rua=mailto:dmarc@good.example' },
  /** Nothing published besides where it takes mail. */
  { name: 'plain.example' },
  /** Sends no mail through this host: whoever claims it here forges. */
  { name: 'bank.example', spf: 'nobody', dkim: true, dmarc: 'v=DMARC1; p=reject; rua=mailto:dmarc@bank.example!10m' },
  /** Its reports go to somebody else, who wants them. */
  { name: 'quarantine.example', spf: 'nobody', dkim: true, dmarc: `v=DMARC1; p=quarantine; rua=mailto:reports@${READER}` },
  /** Watches only; asks for reports to somebody who never agreed to get them. */
  { name: 'quiet.example', spf: 'nobody', dkim: true, dmarc: 'v=DMARC1; p=none; rua=mailto:victim@plain.example' },
  { name: 'hardfail.example', spf: 'nobody' },
  { name: 'spammer.example', spf: 'ours' },
  { name: 'news.example', spf: 'ours', dkim: true, dmarc: 'v=DMARC1; p=none' },
  /** A mailing list that changes messages and seals them. */
  { name: 'lists.example', spf: 'ours', dkim: true, dmarc: 'v=DMARC1; p=none' },
  { name: 'outside.example', spf: 'ours' },
];

const FAR_AWAY = 'far-away.example';

export function outsideRecords(address: string, publicKey: KeyObject): readonly ZoneRecord[] {
  const host: ZoneRecord[] = [
    { name: OUTSIDE_HOST, type: 'A', value: address },
    { name: OUTSIDE_HOST, type: 'TXT', value: 'v=spf1 a -all' },
    // Beyond the fence (RFC 5737 §3): to see that mail for it does not leave the machine.
    { name: FAR_AWAY, type: 'MX', value: `10 mx.${FAR_AWAY}.` },
    { name: `mx.${FAR_AWAY}`, type: 'A', value: '192.0.2.1' },
    { name: `quarantine.example._report._dmarc.${READER}`, type: 'TXT', value: 'v=DMARC1' },
  ];
  return [...host, ...OUTSIDE_DOMAINS.flatMap((domain) => recordsOf(domain, address, publicKey))];
}

function recordsOf(domain: OutsideDomain, address: string, publicKey: KeyObject): ZoneRecord[] {
  const { name } = domain;
  return [
    { name, type: 'MX', value: `10 ${OUTSIDE_HOST}.` },
    ...(domain.spf ? [{ name, type: 'TXT', value: domain.spf === 'ours' ? `v=spf1 ip4:${address} -all` : 'v=spf1 -all' }] : []),
    ...(domain.dkim ? [{ name: `${OUTSIDE_SELECTOR}._domainkey.${name}`, type: 'TXT', value: dkimRecordOf(publicKey) }] : []),
    ...(domain.dmarc === undefined ? [] : [{ name: `_dmarc.${name}`, type: 'TXT', value: domain.dmarc }]),
  ];
}
