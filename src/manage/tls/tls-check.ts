/**
 * How mail to a domain would be protected, looked up now and with every finding said: mail servers, DANE, MTA-STS, and
 * the level that delivery would use. Nothing connects to a mail server. The order is that of flow/deliver/tls-policy.ts.
 */
import type { OutboundTlsConfig, TlsRule } from '../../config/config.ts';
import type { Dns, DnsAnswer } from '../../contract/dns.ts';
import type { HttpsFetch } from '../../contract/https-fetch.ts';
import type { CachedStsPolicy, StsPolicy } from '../../contract/mta-sts.ts';
import type { TlsPolicyName } from '../../contract/tls-policy.ts';
import { findTlsa, type DaneFinding } from '../../verify/dane/find-tlsa.ts';
import { tlsaText } from '../../verify/dane/tlsa.ts';
import { fetchStsPolicy } from '../../verify/mta-sts/fetch-policy.ts';
import { stsAllowsHost } from '../../verify/mta-sts/policy.ts';
import { readStsRecord } from '../../verify/mta-sts/record.ts';

export interface TlsHostCheck {
  readonly host: string;
  readonly preference: number;
  /** DNSSEC vouches for the addresses. */
  readonly secure: boolean;
  readonly dane: { readonly kind: DaneFinding['kind']; readonly text: string; readonly records: readonly string[] };
  /** Absent without an MTA-STS policy. */
  readonly inStsPolicy?: boolean;
  readonly level: TlsPolicyName | 'unusable';
  readonly why: string;
}

export interface TlsCheck {
  readonly domain: string;
  /** Name servers are believed when they say that DNSSEC vouches (dns.trust-ad); else DANE is out of reach. */
  readonly dnssec: boolean;
  readonly mx: { readonly state: 'found' | 'implicit' | 'null' | 'missing' | 'unknown'; readonly secure: boolean };
  readonly hosts: readonly TlsHostCheck[];
  readonly mtaSts: {
    readonly state: 'none' | 'valid' | 'invalid';
    readonly text: string;
    readonly id?: string;
    readonly policy?: StsPolicy;
    /** In force although it cannot be fetched now. */
    readonly cached?: CachedStsPolicy;
  };
  readonly rule?: TlsRule;
  /** What stands against all this working; empty when nothing does. */
  readonly problems: readonly string[];
}

export interface TlsCheckPorts {
  readonly dns: Dns;
  /** Absent: no policy can be fetched. */
  readonly fetch?: HttpsFetch | undefined;
  readonly settings: OutboundTlsConfig;
  /** dns.trust-ad. */
  readonly dnssec: boolean;
  /** Port of mail servers. */
  readonly port: number;
  readonly cached: CachedStsPolicy | undefined;
  readonly rule: TlsRule | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export async function checkTls(ports: TlsCheckPorts, domain: string): Promise<TlsCheck> {
  const [answer, mtaSts] = await Promise.all([ports.dns.query(domain, 'MX'), checkSts(ports, domain)]);
  const mx = mxState(answer);
  const policy = mtaSts.policy ?? mtaSts.cached?.policy;
  const hosts = await Promise.all(hostsOf(answer, domain).map((entry) => checkHost(ports, { ...entry, domain, mxSecure: mx.secure, policy })));
  const { rule } = ports;
  return { domain, dnssec: ports.dnssec, mx, hosts, mtaSts, ...(rule ? { rule } : {}), problems: problemsOf(mx, hosts, mtaSts) };
}

function mxState(answer: DnsAnswer<'MX'>): TlsCheck['mx'] {
  if (answer.kind === 'failure') return { state: 'unknown', secure: false };
  if (answer.kind === 'nxdomain') return { state: 'missing', secure: answer.secure };
  if (answer.kind === 'nodata') return { state: 'implicit', secure: answer.secure };
  return { state: answer.records.some(({ exchange }) => exchange !== '') ? 'found' : 'null', secure: answer.secure };
}

function hostsOf(answer: DnsAnswer<'MX'>, domain: string): readonly { readonly host: string; readonly preference: number }[] {
  if (answer.kind === 'nodata') return [{ host: domain, preference: 0 }];
  if (answer.kind !== 'found') return [];
  return answer.records
    .filter(({ exchange }) => exchange !== '')
    .map(({ exchange, preference }) => ({ host: exchange, preference }))
    .toSorted((one, other) => one.preference - other.preference);
}

interface HostQuestion {
  readonly host: string;
  readonly preference: number;
  readonly domain: string;
  readonly mxSecure: boolean;
  readonly policy: StsPolicy | undefined;
}

async function checkHost(ports: TlsCheckPorts, { host, preference, domain, mxSecure, policy }: HostQuestion): Promise<TlsHostCheck> {
  const answers = await Promise.all([ports.dns.query(host, 'A'), ports.dns.query(host, 'AAAA')]);
  const found = answers.filter((answer) => answer.kind === 'found');
  const secure = found.length > 0 && found.every((answer) => answer.secure);
  const question = { mx: host, canonicalName: found[0]?.canonicalName ?? host, addressSecure: secure, mxSecure, port: ports.port };
  const dane = await findTlsa(ports.dns, question);
  const inStsPolicy = policy && policy.mode !== 'none' ? stsAllowsHost(policy, host) : undefined;
  return {
    host,
    preference,
    secure,
    dane: { kind: dane.kind, text: daneText(dane), records: 'all' in dane ? dane.all.map(tlsaText) : [] },
    ...(inStsPolicy === undefined ? {} : { inStsPolicy }),
    ...levelOf(ports, { dane, inStsPolicy, policy, domain }),
  };
}

function daneText(dane: DaneFinding): string {
  if (dane.kind === 'none') return dane.why;
  if (dane.kind === 'failure') return dane.detail;
  return dane.kind === 'records' ? `${dane.records.length} usable TLSA records` : 'no TLSA record is usable for SMTP';
}

interface LevelQuestion {
  readonly dane: DaneFinding;
  readonly inStsPolicy: boolean | undefined;
  readonly policy: StsPolicy | undefined;
  readonly domain: string;
}

function levelOf({ rule, settings }: TlsCheckPorts, { dane, inStsPolicy, policy, domain }: LevelQuestion): Pick<TlsHostCheck, 'level' | 'why'> {
  if (rule && rule.level !== 'dane') return { level: rule.level, why: `the [[tls-policy]] for ${domain} says so` };
  if (settings.dane || rule) {
    if (dane.kind === 'failure') return { level: 'unusable', why: dane.detail };
    if (dane.kind === 'records') return { level: 'dane', why: 'it has secure TLSA records' };
    if (dane.kind === 'unusable') return { level: 'encrypt', why: 'it has TLSA records, and none is usable' };
    if (rule) return { level: 'unusable', why: `the [[tls-policy]] for ${domain} demands DANE, and ${dane.why}` };
  }
  if (settings.mtaSts && policy?.mode === 'enforce') {
    return inStsPolicy ? { level: 'mta-sts', why: `the MTA-STS policy of ${domain} is enforced` } : { level: 'unusable', why: `the MTA-STS policy of ${domain} does not name it` };
  }
  if (settings.mtaSts && policy?.mode === 'testing') return { level: 'opportunistic', why: `the MTA-STS policy of ${domain} is in testing: what is wrong is only counted` };
  return { level: 'opportunistic', why: 'nobody demands more' };
}

async function checkSts({ dns, fetch, settings, cached, now }: TlsCheckPorts, domain: string): Promise<TlsCheck['mtaSts']> {
  const kept = cached && cached.expiresAt > now ? { cached } : {};
  const answer = await dns.query(`_mta-sts.${domain}`, 'TXT');
  if (answer.kind === 'failure') return { state: 'invalid', text: `_mta-sts.${domain} cannot be looked up now (${answer.reason})`, ...kept };
  const record = answer.kind === 'found' ? readStsRecord(answer.records) : { kind: 'none' as const };
  if (record.kind === 'none') return { state: 'none', text: `there is no record at _mta-sts.${domain}`, ...kept };
  if (record.kind === 'invalid') return { state: 'invalid', text: record.detail, ...kept };
  const { id } = record;
  if (!fetch) return { state: 'invalid', text: 'the policy cannot be fetched from here', id, ...kept };
  const fetched = await fetchStsPolicy(fetch, domain, settings.mtaStsPort);
  if (fetched.kind === 'failed') return { state: 'invalid', text: `${fetched.problem.failure}: ${fetched.problem.detail}`, id, ...kept };
  return { state: 'valid', text: `mode ${fetched.policy.mode}, for ${fetched.policy.maxAgeSeconds} s`, id, policy: fetched.policy, ...kept };
}

function problemsOf(mx: TlsCheck['mx'], hosts: readonly TlsHostCheck[], mtaSts: TlsCheck['mtaSts']): string[] {
  const states = { found: [], implicit: [], null: ['the domain takes no mail (null MX)'], missing: ['the domain does not exist'], unknown: ['the MX records cannot be looked up now'] };
  return [
    ...states[mx.state],
    ...(mtaSts.state === 'invalid' ? [`MTA-STS: ${mtaSts.text}`] : []),
    ...hosts.flatMap((host) => (host.level === 'unusable' ? [`${host.host} cannot be used: ${host.why}`] : host.dane.kind === 'unusable' ? [`${host.host}: ${host.dane.text}`] : [])),
    ...hosts.flatMap((host) => (host.inStsPolicy === false && host.level !== 'unusable' ? [`the MTA-STS policy does not name ${host.host}`] : [])),
  ];
}
