/**
 * The DNS records that a host and a domain on it should publish, as data: what a person copies into a DNS panel, what
 * later tools compare with and publish, what the lab's name server serves.
 *
 * Policy: only what this server really serves; SPF without look-ups and with `~all`, so that DMARC decides (a hard fail may
 * be acted on before DKIM is seen); `-all` on the names that only say EHLO; DMARC starts at p=none. Exactly one SPF record
 * per name. DKIM keys are published in every state: the next one before it signs, a retired one until it is removed.
 */
import { DEFAULT_DNS_POLICY } from '../../config/dns-config.ts';
import type { RecordData } from '../../contract/dns.ts';
import type { DesiredSet } from '../../publish/plan.ts';
import { splitStrings, valueOf } from '../../publish/record-text.ts';
import type { DomainPolicy } from './dns-policy.ts';

export type PublishedType = 'A' | 'AAAA' | 'CAA' | 'CNAME' | 'MX' | 'TXT' | 'SRV' | 'PTR' | 'TLSA';

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
  /** Default `active`. */
  readonly state?: 'active' | 'published' | 'retired';
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
  /** Default: DEFAULT_DNS_POLICY. */
  readonly policy?: DomainPolicy;
  /** Of the MTA-STS policy that is served; absent: none is. */
  readonly stsId?: string;
  /** The web server answers for mail programs that set themselves up. Default false. */
  readonly servesSetup?: boolean;
  /** SHA-256 of the public keys of the host's certificates, in hex; where its zone is signed. Default none. */
  readonly keyDigests?: readonly string[];
}

const MX_PREFERENCE = 10;
const DEFAULT_POLICY: DomainPolicy = { ...DEFAULT_DNS_POLICY, use: 'auto' };

/** Host records first, then those of the domain. */
export function desiredRecords(input: RecordsInput): readonly DesiredRecord[] {
  return [...hostRecords(input), ...domainRecords(input)];
}

/** The records that belong into a zone; rows of one name and type in one. */
export function desiredSets(records: readonly DesiredRecord[]): readonly DesiredSet[] {
  const sets = new Map<string, DesiredSet & { values: string[] }>();
  for (const { name, type, ttl, value, why, where } of records) {
    if (where !== 'zone') continue;
    const key = `${name} ${type}`;
    const set = sets.get(key);
    if (!set) sets.set(key, { name, type, ttlSeconds: ttl, values: [value], why });
    else if (!set.values.includes(value)) set.values.push(value);
  }
  return [...sets.values()];
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
  const { use, dmarcPolicy, caaIssuers, mtaSts } = input.policy ?? DEFAULT_POLICY;
  if (use === 'none') return advice;
  if (input.keys.length === 0) advice.push(`${input.domain} has no DKIM key, so its mail goes out unsigned, which the large providers refuse.`);
  if (mtaSts !== 'off' && input.stsId === undefined) advice.push('The MTA-STS policy is wanted but not served here (listen.https), so its records are left out: senders would look for it in vain.');
  if (caaIssuers.length === 0) advice.push('When you publish CAA records, let them allow the certificate authority of this server, as in: 0 issue "letsencrypt.org".');
  if (dmarcPolicy === 'none') advice.push('Keep DMARC at p=none until its reports show that all of your mail passes, a month or more, then go to p=quarantine.');
  return advice;
}

function hostRecords(input: RecordsInput): DesiredRecord[] {
  const { ttlSeconds } = input.policy ?? DEFAULT_POLICY;
  const make = recordMaker(ttlSeconds);
  const rows: DesiredRecord[] = [];
  const names = new Set<string>();
  for (const { address, helo = input.hostname } of input.addresses) {
    names.add(helo);
    rows.push(make(helo, address.includes(':') ? 'AAAA' : 'A', address, 'where the mail server is reached, and what its EHLO name must lead to'));
    rows.push(make(reverseName(address), 'PTR', helo, 'the address must name the host that names it back, or many providers refuse mail', 'hosting'));
  }
  names.add(input.hostname);
  for (const name of names) {
    // The domain's own SPF record stands there: two would be a permanent error (RFC 7208 §4.5).
    if (name === input.domain) continue;
    rows.push(make(name, 'TXT', ['v=spf1 a -all'], 'SPF of the name in EHLO: only its own address may use it; bounces are checked against it'));
  }
  // RFC 7672 §3.1.1: DANE-EE(3) SPKI(1) SHA2-256(1).
  const tlsa = (input.keyDigests ?? []).map((digest) => ({ usage: 3, selector: 1, matchingType: 1, data: Buffer.from(digest, 'hex') }));
  rows.push(...tlsa.map((data) => make(`_25._tcp.${input.hostname}`, 'TLSA', data, 'DANE: senders that check it deliver only to the holder of this key')));
  return rows;
}

function domainRecords(input: RecordsInput): readonly DesiredRecord[] {
  const { domain, policy = DEFAULT_POLICY } = input;
  const make = recordMaker(policy.ttlSeconds);
  const silent = policy.namesWithoutMail.flatMap((name) => withoutMail(`${name}.${domain}`, make));
  if (policy.use === 'none') return [...withoutMail(domain, make), ...silent];
  const sending = [
    make(domain, 'TXT', splitStrings(spfText(input, policy)), 'SPF: the addresses that may send for the domain, without further look-ups'),
    ...input.keys.map((key) => make(`${key.selector}._domainkey.${domain}`, 'TXT', splitStrings(keyText(key)), keyReason(key))),
    make(`_dmarc.${domain}`, 'TXT', splitStrings(dmarcText(domain, policy)), policy.dmarcPolicy === 'none' ? 'DMARC: asks receivers for reports before anything is enforced' : `DMARC: asks receivers to ${policy.dmarcPolicy} mail that only pretends to be from the domain`),
    ...bimi(domain, policy, make),
  ];
  if (policy.use === 'send-only') return [...sending, ...silent];
  const receiving = [
    make(domain, 'MX', { preference: MX_PREFERENCE, exchange: input.hostname }, 'mail for the domain comes to this server'),
    ...tlsReports(domain, policy, make),
    ...stsRecords(input, make),
    ...policy.caaIssuers.map((value) => make(domain, 'CAA', { flags: 0, tag: 'issue', value }, 'only these authorities may issue certificates for the domain')),
    ...(policy.clientSetup ? serviceRecords(input, make) : []),
  ];
  return [...receiving, ...sending, ...silent];
}

/** RFC 7505 §3 for MX; a name that never sends says so, and asks that mail from it be refused. */
function withoutMail(name: string, make: RecordMaker): readonly DesiredRecord[] {
  return [
    make(name, 'MX', { preference: 0, exchange: '' }, 'the name takes no mail'),
    make(name, 'TXT', ['v=spf1 -all'], 'the name sends no mail'),
    make(`_dmarc.${name}`, 'TXT', ['v=DMARC1; p=reject'], 'mail that pretends to be from the name is to be refused'),
  ];
}

function spfText(input: RecordsInput, { spfAll }: DomainPolicy): string {
  const networks = input.addresses.map(({ address }) => `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`);
  return `v=spf1 ${networks.length > 0 ? networks.join(' ') : 'mx'} ${spfAll}`;
}

function keyText(key: DomainKeyRecord): string {
  return `v=DKIM1; k=${key.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${key.publicKey}`;
}

function keyReason({ algorithm, state }: DomainKeyRecord): string {
  if (state === 'published') return 'DKIM: the next key, published before it signs';
  if (state === 'retired') return 'DKIM: a former key, until the last mail that it signed has arrived';
  return algorithm === 'rsa-sha256' ? 'DKIM: the public key that the signatures are checked with' : 'DKIM: a second, shorter key for receivers that know Ed25519';
}

function dmarcText(domain: string, { dmarcPolicy, dmarcReports }: DomainPolicy): string {
  const rua = uris(dmarcReports, domain);
  return `v=DMARC1; p=${dmarcPolicy}${rua === '' ? '' : `; rua=${rua}`}`;
}

/** Mail addresses become mailto: URIs; `%d` is the domain. */
function uris(targets: readonly string[], domain: string): string {
  return targets.map((target) => target.replaceAll('%d', domain)).map((target) => (/^[a-z]+:/i.test(target) ? target : `mailto:${target}`)).join(',');
}

function tlsReports(domain: string, { tlsReports: targets }: DomainPolicy, make: RecordMaker): readonly DesiredRecord[] {
  if (targets.length === 0) return [];
  return [make(`_smtp._tls.${domain}`, 'TXT', splitStrings(`v=TLSRPTv1; rua=${uris(targets, domain)}`), 'asks senders to report TLS that failed (RFC 8460)')];
}

/** RFC 8461 §3.1, §3.3. */
function stsRecords({ domain, hostname, stsId }: RecordsInput, make: RecordMaker): readonly DesiredRecord[] {
  if (stsId === undefined) return [];
  return [
    make(`_mta-sts.${domain}`, 'TXT', [`v=STSv1; id=${stsId};`], 'MTA-STS: tells senders that there is a policy, and when it changed'),
    make(`mta-sts.${domain}`, 'CNAME', hostname, 'MTA-STS: where the policy is fetched'),
  ];
}

function bimi(domain: string, { bimiLogo }: DomainPolicy, make: RecordMaker): readonly DesiredRecord[] {
  return bimiLogo === '' ? [] : [make(`default._bimi.${domain}`, 'TXT', splitStrings(`v=BIMI1; l=${bimiLogo.replaceAll('%d', domain)}; a=;`), 'BIMI: the logo that some receivers show beside mail that passes DMARC')];
}

/** RFC 6186 §3, RFC 8314 §5.1, RFC 5804 §1.8; autoconfig and autodiscover where the web server answers them. */
function serviceRecords(input: RecordsInput, make: RecordMaker): readonly DesiredRecord[] {
  const { domain, hostname } = input;
  const services = [
    { name: '_submissions', port: input.submissionsPort },
    { name: '_submission', port: input.submissionPort },
    { name: '_imaps', port: input.imapsPort },
    { name: '_imap', port: input.imapPort },
    { name: '_pop3s', port: input.pop3sPort },
    { name: '_sieve', port: input.sievePort },
  ];
  const found = services.flatMap(({ name, port }) => (port === undefined ? [] : [make(`${name}._tcp.${domain}`, 'SRV', { priority: 0, weight: 1, port, target: hostname }, 'lets mail programs find the server by themselves')]));
  if (!input.servesSetup) return found;
  return [
    ...found,
    make(`autoconfig.${domain}`, 'CNAME', hostname, 'where Thunderbird and others ask for their settings'),
    make(`_autodiscover._tcp.${domain}`, 'SRV', { priority: 0, weight: 0, port: 443, target: hostname }, 'where Outlook and others ask for their settings'),
  ];
}

type RecordMaker = <T extends PublishedType>(name: string, type: T, data: RecordData[T], why: string, where?: 'zone' | 'hosting') => DesiredRecord;

function recordMaker(ttl: number): RecordMaker {
  // The union's member for T; the compiler does not follow the generic there.
  return (name, type, data, why, where = 'zone') => ({ name, type, ttl, data, value: valueOf(type, data), why, where }) as DesiredRecord;
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
