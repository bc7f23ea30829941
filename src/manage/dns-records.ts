/**
 * The DNS records that a host and a domain on it should publish, as data: what a person copies into a DNS panel, what
 * later tools compare with and publish, what the lab's name server serves.
 *
 * Policy: only what this server really serves; SPF without look-ups and with `~all`, so that DMARC decides (a hard fail may
 * be acted on before DKIM is seen); `-all` on the names that only say EHLO; DMARC starts at p=none. Exactly one SPF record
 * per name.
 */
import type { RecordData } from '../contract/dns.ts';

export type PublishedType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'SRV' | 'PTR';

/** One resource record; several values of one name are several rows. */
export type DesiredRecord = { readonly [T in PublishedType]: RecordRow<T> }[PublishedType];

interface RecordRow<T extends PublishedType> {
  /** Absolute, without the trailing dot, A-labels. */
  readonly name: string;
  readonly type: T;
  /** Seconds. */
  readonly ttl: number;
  readonly data: RecordData[T];
  /** The data as a zone file writes it; TXT quoted and split into strings of at most 255 octets. */
  readonly value: string;
  /** In one sentence, for people. */
  readonly why: string;
  /** `zone`: in the DNS of the domain; `hosting`: at whoever rents out the IP address. */
  readonly where: 'zone' | 'hosting';
}

export interface DomainKeyRecord {
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** Base64 as p= wants it: SubjectPublicKeyInfo for RSA (RFC 6376 §3.6.1), the bare 32 bytes for Ed25519 (RFC 8463 §4). */
  readonly publicKey: string;
}

export interface RecordsInput {
  readonly hostname: string;
  readonly domain: string;
  /** Public addresses of the server; those it sends from, each with its EHLO name when that is not `hostname`. */
  readonly addresses: readonly { readonly address: string; readonly helo?: string }[];
  readonly keys: readonly DomainKeyRecord[];
  /** Ports that clients can use; absent: not served. */
  readonly submissionPort?: number;
  readonly submissionsPort?: number;
  readonly imapPort?: number;
  readonly imapsPort?: number;
  readonly pop3sPort?: number;
  readonly sievePort?: number;
}

const TTL_SECONDS = 3600;
const MX_PREFERENCE = 10;
/** RFC 1035 §3.3: a character-string has at most 255 octets. */
const STRING_OCTETS_MAX = 255;

/** Host records first, then those of the domain. */
export function desiredRecords(input: RecordsInput): readonly DesiredRecord[] {
  return [...hostRecords(input), ...domainRecords(input)];
}

/** What is not a record to publish, but has to be done or known; one sentence each. */
export function recordAdvice(input: RecordsInput): readonly string[] {
  const advice: string[] = [];
  if (input.addresses.length === 0) {
    advice.push(
      'The public IP address is not known, so A, AAAA and PTR are missing and SPF uses a look-up: name it in [[outbound.ip]] of posthorn.toml and ask again.',
    );
  } else {
    advice.push('PTR records are set where the IP address is rented, not in the DNS of the domain: many providers refuse mail without one.');
  }
  if (input.keys.length === 0) advice.push(`${input.domain} has no DKIM key, so its mail goes out unsigned, which the large providers refuse.`);
  advice.push('When you publish CAA records, let them allow the certificate authority of this server, as in: 0 issue "letsencrypt.org".');
  advice.push('Keep DMARC at p=none until its reports show that all of your mail passes, a month or more, then go to p=quarantine.');
  return advice;
}

function hostRecords(input: RecordsInput): DesiredRecord[] {
  const rows: DesiredRecord[] = [];
  const names = new Set<string>();
  for (const { address, helo = input.hostname } of input.addresses) {
    names.add(helo);
    rows.push(addressRecord(helo, address));
    rows.push(
      record(reverseName(address), 'PTR', helo, 'the address must name the host that names it back, or many providers refuse mail', 'hosting'),
    );
  }
  names.add(input.hostname);
  for (const name of names) {
    // The domain's own SPF record stands there: two would be a permanent error (RFC 7208 §4.5).
    if (name === input.domain) continue;
    rows.push(text(name, 'v=spf1 a -all', 'SPF of the name in EHLO: only its own address may use it; bounces are checked against it'));
  }
  return rows;
}

function addressRecord(name: string, address: string): DesiredRecord {
  const why = 'where the mail server is reached, and what its EHLO name must lead to';
  return address.includes(':') ? record(name, 'AAAA', address, why) : record(name, 'A', address, why);
}

function domainRecords(input: RecordsInput): DesiredRecord[] {
  const { domain } = input;
  return [
    record(domain, 'MX', { preference: MX_PREFERENCE, exchange: input.hostname }, 'mail for the domain comes to this server'),
    text(domain, spfText(input), 'SPF: the addresses that may send for the domain, without further look-ups'),
    ...input.keys.map((key) => keyRecord(domain, key)),
    text(`_dmarc.${domain}`, `v=DMARC1; p=none; rua=mailto:dmarc@${domain}`, 'DMARC: asks receivers for reports before anything is enforced'),
    text(`_smtp._tls.${domain}`, `v=TLSRPTv1; rua=mailto:tls@${domain}`, 'asks senders to report TLS that failed (RFC 8460)'),
    ...serviceRecords(input),
  ];
}

function spfText(input: RecordsInput): string {
  const networks = input.addresses.map(({ address }) => `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`);
  return `v=spf1 ${networks.length > 0 ? networks.join(' ') : 'mx'} ~all`;
}

function keyRecord(domain: string, key: DomainKeyRecord): DesiredRecord {
  const name = `${key.selector}._domainkey.${domain}`;
  return key.algorithm === 'rsa-sha256'
    ? text(name, `v=DKIM1; k=rsa; p=${key.publicKey}`, 'DKIM: the public key that the signatures are checked with')
    : text(name, `v=DKIM1; k=ed25519; p=${key.publicKey}`, 'DKIM: a second, shorter key for receivers that know Ed25519');
}

/** RFC 6186 §3, RFC 8314 §5.1, RFC 5804 §1.8. */
function serviceRecords(input: RecordsInput): DesiredRecord[] {
  const services = [
    { name: '_submissions', port: input.submissionsPort },
    { name: '_submission', port: input.submissionPort },
    { name: '_imaps', port: input.imapsPort },
    { name: '_imap', port: input.imapPort },
    { name: '_pop3s', port: input.pop3sPort },
    { name: '_sieve', port: input.sievePort },
  ];
  return services.flatMap(({ name, port }) => {
    if (port === undefined) return [];
    const data = { priority: 0, weight: 1, port, target: input.hostname };
    return [record(`${name}._tcp.${input.domain}`, 'SRV', data, 'lets mail programs find the server by themselves')];
  });
}

function text(name: string, content: string, why: string): DesiredRecord {
  return record(name, 'TXT', splitStrings(content), why);
}

function record<T extends PublishedType>(
  name: string,
  type: T,
  data: RecordData[T],
  why: string,
  where: 'zone' | 'hosting' = 'zone',
): DesiredRecord {
  // The union's member for T; the compiler does not follow the generic there.
  return { name, type, ttl: TTL_SECONDS, data, value: presentation({ type, data } as TypedData), why, where } as DesiredRecord;
}

type TypedData = { readonly [T in PublishedType]: { readonly type: T; readonly data: RecordData[T] } }[PublishedType];

/** RFC 1035 §5.1. */
function presentation(row: TypedData): string {
  switch (row.type) {
    case 'A':
    case 'AAAA':
      return row.data;
    case 'PTR':
      return `${row.data}.`;
    case 'MX':
      return `${row.data.preference} ${row.data.exchange}.`;
    case 'SRV':
      return `${row.data.priority} ${row.data.weight} ${row.data.port} ${row.data.target}.`;
    case 'TXT':
      return row.data.map((part) => `"${part.replace(/["\\]/g, '\\$&')}"`).join(' ');
  }
}

/** Pieces of at most 255 octets; the text is ASCII. */
export function splitStrings(content: string): readonly string[] {
  const parts: string[] = [];
  for (let at = 0; at < content.length; at += STRING_OCTETS_MAX) parts.push(content.slice(at, at + STRING_OCTETS_MAX));
  return parts.length > 0 ? parts : [''];
}

/** `10.113.0.203.in-addr.arpa`; RFC 1035 §3.5 and RFC 3596 §2.5. */
export function reverseName(address: string): string {
  if (!address.includes(':')) return `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const front = head ? head.split(':') : [];
  const back = tail ? tail.split(':') : [];
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  const digits = groups.map((group) => group.padStart(4, '0')).join('');
  return `${[...digits].toReversed().join('.')}.ip6.arpa`;
}
