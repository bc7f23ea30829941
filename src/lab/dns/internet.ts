/**
 * All zones of the simulated internet, made anew from providers, the outside host, our own records and the weather.
 * Pure. Zones are cut at the last two labels (reverse zone and block lists apart); nobody may add to a provider's zone.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { AddressPlan } from '../address-plan.ts';
import { registryRecords } from '../registries.ts';
import type { ProviderProfile } from '../providers/profile.ts';
import { policyId, publishedPolicy } from '../published-policy.ts';
import type { Weather } from '../scenarios.ts';
import { blocklistZones, LISTED_IP_ZONES, reverseIPv4, SPAMHAUS_PARTS, type Listing } from './blocklists.ts';
import { zoneName, type ZoneRecord } from './zone-record.ts';
import type { Zone } from './zones.ts';

export interface ServerHost {
  readonly hostname: string;
  /** Source of our outgoing mail; its PTR is the hostname. */
  readonly ip: string;
  /** Where our MX listens. */
  readonly mxAddress: string;
}

export interface InternetFacts {
  readonly plan: AddressPlan;
  readonly providers: readonly ProviderProfile[];
  readonly serverHost: ServerHost;
  readonly ourRecords: readonly ZoneRecord[];
  readonly outsideRecords: readonly ZoneRecord[];
  readonly outsideName: string;
  /** A public key that fits nobody's signatures. */
  readonly strangerKey: KeyObject;
  readonly weather: Weather;
  /** By provider: SHA-256 of the public keys of its certificates, in hex; published where its zone is secure. */
  readonly keyDigests?: ReadonlyMap<string, readonly string[]>;
}

export function internetZones(facts: InternetFacts): readonly Zone[] {
  const theirs = facts.providers.flatMap((profile, index) => providerRecords(facts, profile, facts.plan.provider(index)));
  const taken = new Set(theirs.map((record) => cut(record.name)));
  const ours = ourRecords(facts).filter((record) => !taken.has(cut(record.name)));
  const secure = new Set(facts.providers.filter((profile) => profile.secureZone).flatMap((profile) => profile.domains));
  return [
    ...grouped([...theirs, ...ours, ...facts.outsideRecords, ...registryRecords(facts.plan, [...new Set([facts.serverHost.ip, facts.serverHost.mxAddress])]), ...localhost(facts)], secure),
    reverseZone(facts),
    { apex: 'ip6.arpa', records: [] },
    ...blocklistZones(listings(facts)),
  ];
}

function providerRecords({ plan, weather, keyDigests }: InternetFacts, profile: ProviderProfile, address: string): ZoneRecord[] {
  const ofDomain = (domain: string): ZoneRecord[] => [
    ...mxRecords(domain, profile, weather),
    { name: domain, type: 'TXT', value: `v=spf1 ip4:${address} -all` },
    ...(profile.dmarc === undefined ? [] : [{ name: `_dmarc.${domain}`, type: 'TXT', value: profile.dmarc }]),
    ...consentRecords(domain, profile.dmarc ?? ''),
    ...(profile.tlsReports === undefined ? [] : [{ name: `_smtp._tls.${domain}`, type: 'TXT', value: profile.tlsReports }]),
    { name: `www.${domain}`, type: 'A', value: `${plan.prefix}.80` },
  ];
  const published = (profile.secureZone ? keyDigests?.get(profile.name) : undefined) ?? [];
  const digests = weather.active('dane-mismatch', profile.name) ? published.map(otherDigest) : published;
  const policy = publishedPolicy(profile, weather);
  return [
    ...profile.domains.flatMap(ofDomain),
    ...(policy === undefined ? [] : profile.domains.flatMap((domain) => policyRecords(domain, policy, plan))),
    { name: profile.mxHost, type: 'A', value: address },
    { name: profile.mxHost, type: 'TXT', value: 'v=spf1 a -all' },
    // RFC 7672 §3.1.1: DANE-EE(3) SPKI(1) SHA2-256(1); for the port of the lab, and for people who look where it always is.
    ...digests.flatMap((digest) => [plan.mailPort, 25].map((port) => ({ name: `_${port}._tcp.${profile.mxHost}`, type: 'TLSA', value: `3 1 1 ${digest}` }))),
  ];
}

/** RFC 9990: who gets reports of another domain says that it wants them. */
function consentRecords(domain: string, dmarc: string): ZoneRecord[] {
  const hosts = [...dmarc.matchAll(/mailto:[^@;,]+@([^;,!]+)/g)].map(([, host = '']) => host).filter((host) => host !== domain);
  return hosts.map((host) => ({ name: `${domain}._report._dmarc.${host}`, type: 'TXT', value: 'v=DMARC1' }));
}

/** RFC 8461 §3.1 and §3.3. */
function policyRecords(domain: string, policy: string, plan: AddressPlan): ZoneRecord[] {
  return [
    { name: `_mta-sts.${domain}`, type: 'TXT', value: `v=STSv1; id=${policyId(policy)};` },
    { name: `mta-sts.${domain}`, type: 'A', value: plan.policyHost },
  ];
}

/** Of a key that nobody has. */
function otherDigest(digest: string): string {
  return digest.replaceAll(/./g, (digit) => (15 - parseInt(digit, 16)).toString(16));
}

function mxRecords(domain: string, profile: ProviderProfile, weather: Weather): ZoneRecord[] {
  if (weather.active('mx-missing', profile.name)) return [];
  // RFC 7505 §3.
  if (weather.active('mx-null', profile.name)) return [{ name: domain, type: 'MX', value: '0 .' }];
  return [{ name: domain, type: 'MX', value: `10 ${profile.mxHost}.` }];
}

/** What we published, bent by the weather, and the addresses of our host. */
function ourRecords({ ourRecords: published, serverHost, weather, strangerKey }: InternetFacts): ZoneRecord[] {
  const noSpf = weather.active('spf-missing') || weather.active('unauthenticated') || weather.active('dmarc-reject');
  const noKeys = weather.active('dkim-missing');
  const wrongKeys = weather.active('dkim-broken') || weather.active('unauthenticated') || weather.active('dmarc-reject');
  const bend = (record: ZoneRecord): ZoneRecord[] => {
    const text = record.type === 'TXT' ? textOf(record) : '';
    const name = zoneName(record.name);
    if (/^v=spf1\b/i.test(text)) {
      if (noSpf) return [];
      return weather.active('spf-fail') ? [{ ...record, value: 'v=spf1 -all' }] : [record];
    }
    if (name.includes('._domainkey.')) {
      if (noKeys) return [];
      return wrongKeys ? [{ ...record, value: strangerRecord(text, strangerKey) }] : [record];
    }
    if (name.startsWith('_dmarc.')) {
      if (weather.active('dmarc-missing')) return [];
      if (weather.active('dmarc-reject')) return [{ ...record, value: 'v=DMARC1; p=reject' }];
      return weather.active('unauthenticated') ? [{ ...record, value: 'v=DMARC1; p=none' }] : [record];
    }
    return [record];
  };
  // The host's addresses are the lab's to say: what leaves and what listens.
  const isHostAddress = (record: ZoneRecord): boolean => (record.type === 'A' || record.type === 'AAAA') && zoneName(record.name) === serverHost.hostname;
  const senders = new Set(published.filter((record) => record.type === 'MX').map((record) => zoneName(record.name)));
  const hidden = (record: ZoneRecord): boolean => weather.active('sender-domain-missing') && /^(?:MX|A|AAAA)$/.test(record.type) && senders.has(zoneName(record.name));
  const rest = published.filter((record) => !isHostAddress(record) && record.type !== 'PTR' && !hidden(record));
  return [
    { name: serverHost.hostname, type: 'A', value: serverHost.ip },
    ...(weather.active('dynamic-ptr') ? [{ name: dynamicName(serverHost), type: 'A', value: serverHost.ip }] : []),
    ...(serverHost.mxAddress === serverHost.ip ? [] : [{ name: serverHost.hostname, type: 'A', value: serverHost.mxAddress }]),
    ...rest.flatMap(bend),
  ];
}

function textOf(record: ZoneRecord): string {
  const text = typeof record.value === 'string' ? record.value : record.value.join('');
  return text.startsWith('"') ? text.replaceAll(/"\s*"/g, '').replaceAll('"', '') : text;
}

function strangerRecord(text: string, key: KeyObject): string {
  const isEd25519 = /k=ed25519/.test(text);
  if (isEd25519) return `v=DKIM1; k=ed25519; p=${Buffer.alloc(32, 7).toString('base64')}`;
  return dkimRecordOf(key);
}

/** The TXT value for a public RSA key, RFC 6376 §3.6.1. */
export function dkimRecordOf(key: KeyObject): string {
  const spki = (key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'der' });
  return `v=DKIM1; k=rsa; p=${spki.toString('base64')}`;
}

function localhost({ plan }: InternetFacts): ZoneRecord[] {
  return [...new Set(['127.0.0.1', plan.server])].map((value) => ({ name: 'localhost', type: 'A', value }));
}

function reverseZone({ plan, providers, serverHost, outsideName, weather }: InternetFacts): Zone {
  return {
    apex: '127.in-addr.arpa',
    records: [
      ...(plan.server === '127.0.0.1' ? [] : [pointer(plan.server, 'localhost')]),
      pointer('127.0.0.1', 'localhost'),
      ...(weather.active('no-ptr') ? [] : [pointer(serverHost.ip, weather.active('dynamic-ptr') ? dynamicName(serverHost) : serverHost.hostname)]),
      ...providers.map((profile, index) => pointer(plan.provider(index), profile.mxHost)),
      pointer(plan.outside, outsideName),
    ],
  };
}

/** `127-0-0-10.dyn.example.org`, as access providers name the lines of their customers. */
function dynamicName({ ip, hostname }: ServerHost): string {
  return `${ip.replaceAll('.', '-')}.dyn.${cut(hostname)}`;
}

function pointer(address: string, value: string): ZoneRecord {
  return { name: `${reverseIPv4(address)}.in-addr.arpa`, type: 'PTR', value };
}

function listings({ serverHost: { ip }, weather }: InternetFacts): ReadonlyMap<string, readonly Listing[]> {
  const found = new Map<string, Listing[]>();
  const list = (zone: string, listing: Listing): void => {
    found.set(zone, [...(found.get(zone) ?? []), listing]);
  };
  if (weather.active('listed-ip')) for (const zone of LISTED_IP_ZONES) list(zone, { item: ip });
  for (const [scenario, part] of [['listed-css', 'css'], ['infected-host', 'xbl'], ['listed-pbl', 'pbl']] as const) {
    const { zone, code } = SPAMHAUS_PARTS[part];
    if (weather.active(scenario)) for (const each of ['zen.spamhaus.org', 'lab.zen.dq.spamhaus.net', zone]) list(each, { item: ip, code });
  }
  return found;
}

function grouped(records: readonly ZoneRecord[], secure: ReadonlySet<string>): Zone[] {
  const zones = new Map<string, ZoneRecord[]>();
  for (const record of records) {
    const apex = cut(record.name);
    const zone = zones.get(apex);
    if (zone) zone.push(record);
    else zones.set(apex, [record]);
  }
  return [...zones].map(([apex, its]) => ({ apex, records: its, secure: secure.has(apex) }));
}

function cut(name: string): string {
  return zoneName(name).split('.').slice(-2).join('.');
}
