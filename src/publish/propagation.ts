/**
 * Has a change arrived? Asks the authoritative name servers of the zone directly, each by itself, so that no cache answers
 * for them: those that the provider's configuration names, else those of the NS records. One that is silent is not waited
 * for at each of hundreds of records.
 */
import { DNS_PUBLISH_LIMITS } from '../base/dns-publish-limits.ts';
import { Semaphore } from '../base/semaphore.ts';
import type { HostPort } from '../config/config.ts';
import type { Dns, DnsAnswer, RecordType } from '../contract/dns.ts';
import type { RecordSet } from '../contract/dns-publishing.ts';
import { meaningOfValue, valueOf, type PresentedType } from './record-text.ts';
import { wildcardsAbove } from './wildcard.ts';

/** Asks this very server, without recursion. Never rejects for what the network did. */
export type AskServer = <T extends RecordType>(server: HostPort, name: string, type: T, signal: AbortSignal) => Promise<DnsAnswer<T>>;

export interface PublishedChange {
  readonly zone: string;
  readonly before?: RecordSet;
  readonly after?: RecordSet;
}

export interface LaggingServer {
  /** `ns1.example.net (192.0.2.53)`. */
  readonly server: string;
  readonly name: string;
  readonly type: string;
  /** What it answers instead, in words. */
  readonly answers: string;
}

export interface Arrival {
  readonly arrived: boolean;
  /** How many servers were asked, each counted once. */
  readonly servers: number;
  readonly lagging: readonly LaggingServer[];
  /** Zones whose name servers could not be found. */
  readonly unknown: readonly string[];
}

interface NamedServer {
  readonly title: string;
  readonly where: HostPort;
}

const SILENT: DnsAnswer<never> = { kind: 'failure', reason: 'timeout', detail: 'not asked again' };

/** Asks few at once, and those no more that leave questions unanswered. */
function patient(ask: AskServer): AskServer {
  const places = new Semaphore(DNS_PUBLISH_LIMITS.authorityQuestionsAtOnce);
  const silences = new Map<string, number>();
  return (server, name, type, signal) => places.run(async () => {
    const key = serverKey(server);
    const silent = silences.get(key) ?? 0;
    if (silent >= DNS_PUBLISH_LIMITS.authoritySilenceMax) return SILENT;
    const answer = await ask(server, name, type, signal);
    silences.set(key, isSilence(answer) ? silent + 1 : 0);
    return answer;
  });
}

function serverKey({ address, port }: HostPort): string {
  return `${address} ${port}`;
}

function isSilence(answer: DnsAnswer<RecordType>): boolean {
  return answer.kind === 'failure' && (answer.reason === 'timeout' || answer.reason === 'network');
}

/** `known`: servers to ask for a zone instead of those of its NS records. */
export async function checkArrival(changes: readonly PublishedChange[], ports: { readonly dns: Dns; readonly ask: AskServer; readonly known: (zone: string) => readonly HostPort[] }, signal: AbortSignal): Promise<Arrival> {
  const zones = [...Map.groupBy(changes, ({ zone }) => zone)];
  const ask = patient(ports.ask);
  const places = new Semaphore(DNS_PUBLISH_LIMITS.authorityQuestionsAtOnce);
  const results = await Promise.all(zones.map(async ([zone, ofZone]) => {
    const named = ports.known(zone);
    const servers = named.length > 0 ? named.map((where) => ({ title: `${where.address} port ${where.port}`, where })) : await places.run(() => serversOf(ports.dns, zone, signal));
    const lagging = await Promise.all(servers.flatMap((server) => ofZone.map((change) => lag(ask, server, change, signal))));
    return { zone, servers: servers.map(({ where }) => serverKey(where)), lagging: lagging.flat() };
  }));
  const lagging = results.flatMap((result) => result.lagging);
  const unknown = results.filter(({ servers }) => servers.length === 0).map(({ zone }) => zone);
  return { arrived: lagging.length === 0 && unknown.length === 0, servers: new Set(results.flatMap(({ servers }) => servers)).size, lagging, unknown };
}

const DNS_PORT = 53;

async function serversOf(dns: Dns, zone: string, signal: AbortSignal): Promise<readonly NamedServer[]> {
  const answer = await dns.query(zone, 'NS', { signal });
  if (answer.kind !== 'found') return [];
  const names = answer.records.slice(0, DNS_PUBLISH_LIMITS.authoritiesMax);
  const found = await Promise.all(names.map(async (name) => {
    const addresses = await Promise.all([dns.query(name, 'A', { signal }), dns.query(name, 'AAAA', { signal })]);
    const [first] = addresses.flatMap((each) => (each.kind === 'found' ? each.records : []));
    return first === undefined ? [] : [{ title: `${name} (${first})`, where: { address: first, port: DNS_PORT } }];
  }));
  return found.flat();
}

async function lag(ask: AskServer, { title, where }: NamedServer, { zone, before, after }: PublishedChange, signal: AbortSignal): Promise<readonly LaggingServer[]> {
  const { name, type } = (after ?? before) as RecordSet;
  const presented = type as PresentedType;
  const answer = await ask(where, name, presented, signal);
  const late = (answers: string): readonly LaggingServer[] => [{ server: title, name, type, answers }];
  if (answer.kind === 'failure') return late(isSilence(answer) ? 'it does not answer' : `it cannot say (${answer.reason})`);
  const values = valuesOf(presented, answer);
  const meanings = (all: readonly string[]): string => all.map((value) => meaningOfValue(type, value)).toSorted().join('\n');
  if (meanings(values) === meanings(after?.values ?? [])) return [];
  if (!after) {
    const stars = await Promise.all(wildcardsAbove(name, zone).map((star) => ask(where, star, presented, signal)));
    if (stars.some((star) => star.kind === 'found' && meanings(valuesOf(presented, star)) === meanings(values))) return [];
  }
  return late(values.length === 0 ? 'it has nothing there' : meanings(values) === meanings(before?.values ?? []) ? 'it still answers the old value' : 'it answers another value');
}

function valuesOf(type: PresentedType, answer: DnsAnswer<PresentedType>): readonly string[] {
  return answer.kind === 'found' ? (answer.records as readonly Parameters<typeof valueOf>[1][]).map((data) => valueOf(type, data as never)) : [];
}
