/**
 * Services of the internet that the doctor asks over HTTPS, as their documents describe them: the registry of domains (RDAP,
 * RFC 9083, found by RFC 9224), RIPEstat's view of RPKI, Google Safe Browsing, and a friend's prober of port 25.
 */
import type { AddressPlan } from './address-plan.ts';
import type { ZoneRecord } from './dns/zone-record.ts';
import type { Weather } from './scenarios.ts';

const BOOTSTRAP = 'data.iana.org';
const REGISTRY = 'rdap.nic.example';
const RIPE_STAT = 'stat.ripe.net';
const SAFE_BROWSING = 'safebrowsing.googleapis.com';
/** Who looks at us from outside. */
export const PROBER = 'prober.friend.example';

export const REGISTRY_NAMES = [BOOTSTRAP, REGISTRY, RIPE_STAT, SAFE_BROWSING, PROBER] as const;

/** Of a number for documentation (RFC 5398). */
const ASN = '64496';
const DAY_MS = 86_400_000;
const AGE_DAYS = 4000;
const YOUNG_DAYS = 3;

export interface RegistryFacts {
  readonly weather: Weather;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Dials our server as a stranger does; undefined: no connection. */
  readonly greeting: () => Promise<string | undefined>;
  readonly serverAddress: string;
}

/** A JSON document; undefined: there is no such page. */
export async function registryPage(host: string, path: string, { weather, now, greeting, serverAddress }: RegistryFacts): Promise<unknown> {
  if (host === BOOTSTRAP && path === '/rdap/dns.json') return { version: '1.0', services: [[['com', 'net', 'org', 'example'], [`https://${REGISTRY}/`]]] };
  if (host === REGISTRY && path.startsWith('/domain/')) {
    const registered = now - (weather.active('young-domain') ? YOUNG_DAYS : AGE_DAYS) * DAY_MS;
    return { objectClassName: 'domain', ldhName: path.slice('/domain/'.length), events: [{ eventAction: 'registration', eventDate: new Date(registered).toISOString() }] };
  }
  if (host === RIPE_STAT && path.startsWith('/data/rpki-validation/data.json?')) return { status: 'ok', data: { status: weather.active('route-invalid') ? 'invalid_asn' : 'valid', resource: ASN, validator: 'routinator' } };
  if (host === SAFE_BROWSING) return weather.active('unsafe-site') ? { matches: [{ threatType: 'MALWARE', platformType: 'ANY_PLATFORM', threatEntryType: 'URL' }] } : {};
  if (host !== PROBER) return undefined;
  const said = weather.active('firewall') ? undefined : await greeting();
  return said === undefined ? { address: serverAddress, open: false, detail: 'no answer within 5 s' } : { address: serverAddress, open: true, greeting: said };
}

/** Their addresses, and who announces the network of the lab. */
export function registryRecords({ policyHost, prefix }: AddressPlan, addresses: readonly string[]): readonly ZoneRecord[] {
  return [
    ...REGISTRY_NAMES.map((name) => ({ name, type: 'A' as const, value: policyHost })),
    ...addresses.map((address) => ({ name: `${address.split('.').toReversed().join('.')}.origin.asn.cymru.com`, type: 'TXT' as const, value: `${ASN} | ${prefix}.0/24 | ZZ | lab | 2026-01-01` })),
  ];
}
