/**
 * What the world sees of a DKIM key: our resolver, and each name server of the zone by itself, since the ones that lag
 * behind answer receivers, too.
 */
import type { Dns } from '../../contract/dns.ts';
import type { DoctorNetwork } from '../../contract/doctor-network.ts';
import { judgePublishedKey, type OwnKey, type PublishedKey } from '../../verify/dkim/judge-published.ts';

export interface KeySighting extends PublishedKey {
  /** Name servers of the zone that answer something else; `host` for people. */
  readonly lagging: readonly { readonly host: string; readonly state: PublishedKey['state'] }[];
  /** Seconds that others may remember that the record was not there (RFC 2308 §5). */
  readonly negativeSeconds: number;
}

export interface SightingPorts {
  readonly dns: Dns;
  /** Absent: the resolver alone is asked. */
  readonly network?: Pick<DoctorNetwork, 'askServer'> | undefined;
}

const NAME_SERVERS_MAX = 8;
const NEGATIVE_SECONDS_MAX = 86_400;

/** Never rejects for what the network does. */
export async function lookUpKey(ports: SightingPorts, own: OwnKey, others: readonly OwnKey[] = []): Promise<KeySighting> {
  const name = `${own.selector}._domainkey.${own.domain}`;
  const [answer, zone] = await Promise.all([ports.dns.query(name, 'TXT'), zoneOf(ports.dns, own.domain)]);
  const seen = judgePublishedKey(own, answer, others);
  // A name that leads elsewhere is answered by the servers of another zone.
  const lagging = seen.delegatedTo === undefined && zone ? await askServers(ports, zone.servers, own, name) : [];
  return { ...seen, lagging, negativeSeconds: zone?.negativeSeconds ?? 0 };
}

interface Zone {
  readonly servers: readonly string[];
  readonly negativeSeconds: number;
}

async function zoneOf(dns: Dns, domain: string): Promise<Zone | undefined> {
  for (let name = domain; name.includes('.'); name = name.slice(name.indexOf('.') + 1)) {
    const [servers, soa] = await Promise.all([dns.query(name, 'NS'), dns.query(name, 'SOA')]);
    if (servers.kind !== 'found') continue;
    const minimum = soa.kind === 'found' ? (soa.records[0]?.minimum ?? 0) : 0;
    return { servers: servers.records.slice(0, NAME_SERVERS_MAX), negativeSeconds: Math.min(minimum, NEGATIVE_SECONDS_MAX) };
  }
  return undefined;
}

/** Those that answered, and not with the right key. Who does not answer lags nothing that could be told. */
async function askServers({ dns, network }: SightingPorts, hosts: readonly string[], own: OwnKey, name: string): Promise<KeySighting['lagging']> {
  if (!network) return [];
  const answers = await Promise.all(
    hosts.map(async (host) => {
      const addresses = await dns.query(host, 'A');
      const [server] = addresses.kind === 'found' ? addresses.records : [];
      if (server === undefined) return undefined;
      const answer = await network.askServer({ server, name, type: 'TXT' });
      if (answer.kind !== 'answer' || (answer.rcode !== 0 && answer.rcode !== 3)) return undefined;
      const found = answer.records.length > 0 ? { kind: 'found' as const, records: answer.records, ttlSeconds: 0, secure: false, canonicalName: name } : { kind: 'nodata' as const, secure: false };
      return { host, state: judgePublishedKey(own, found).state };
    }),
  );
  return answers.filter((each) => each !== undefined).filter(({ state }) => state !== 'right');
}
