/**
 * The zones of the lab and the look-up in them: what the root, every TLD and every zone together would answer. Pure.
 *
 * Policy: a name outside every zone does not exist (NXDOMAIN with the root's SOA, so that negative caching works,
 * RFC 2308 §3); a name that only has names below it exists without records (RFC 8020 §2); no wildcards; CNAMEs are
 * followed inside the lab; there are no referrals, everything is answered here.
 */
import type { Answer } from 'dns-packet';
import { LAB_TTL_SECONDS, toAnswer, zoneName, type ZoneRecord } from './zone-record.ts';

export interface Zone {
  /** '' is the root. */
  readonly apex: string;
  /** Signed, as far as the lab pretends: answers carry the AD bit. Default false. */
  readonly secure?: boolean;
  readonly records: readonly ZoneRecord[];
}

export interface ZoneAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly Answer[];
  readonly authority: readonly Answer[];
  readonly secure: boolean;
}

interface LoadedZone {
  readonly apex: string;
  readonly secure: boolean;
  readonly soa: Answer;
  /** Owner name → records; empty for names that exist only because of names below them. */
  readonly names: Map<string, Answer[]>;
}

const CNAMES_FOLLOWED_MAX = 8;

export class Zones {
  readonly #zones = new Map<string, LoadedZone>();

  /**
   * Replaces everything. A record outside its zone is an Error: it would never be found. The names above the
   * zones, TLDs included, exist as zones too (RFC 8020 §2). `nameServerAddress` is the address that every zone's NS record leads to; default none.
   */
  load(zones: readonly Zone[], nameServerAddress?: string): void {
    this.#zones.clear();
    const named = new Set(zones.map((zone) => zoneName(zone.apex)));
    const above = [...new Set([...named].flatMap(ancestors))].filter((apex) => !named.has(apex)).map((apex): Zone => ({ apex, records: [] }));
    for (const bare of [{ apex: '', records: [] }, ...above, ...zones]) {
      const zone = nameServerAddress === undefined ? bare : withAddress(bare, nameServerAddress);
      const apex = zoneName(zone.apex);
      this.#zones.set(apex, loadZone(apex, zone));
    }
  }

  lookup(queryName: string, type: string): ZoneAnswer {
    const answers: Answer[] = [];
    let name = zoneName(queryName);
    let secure = true;
    for (let hops = 0; hops <= CNAMES_FOLLOWED_MAX; hops++) {
      const zone = this.#zoneOf(name);
      secure &&= zone.secure;
      const records = zone.names.get(name);
      if (!records) return { rcode: 'NXDOMAIN', answers, authority: [zone.soa], secure };
      const found = records.filter((record) => record.type === type || type === 'ANY');
      if (found.length > 0) return { rcode: 'NOERROR', answers: [...answers, ...found], authority: [], secure };
      const alias = records.find((record) => record.type === 'CNAME');
      if (alias?.type !== 'CNAME') return { rcode: 'NOERROR', answers, authority: [zone.soa], secure };
      answers.push(alias);
      name = zoneName(alias.data);
    }
    return { rcode: 'NOERROR', answers, authority: [], secure };
  }

  #zoneOf(name: string): LoadedZone {
    for (let rest = name; ; rest = parent(rest)) {
      const zone = this.#zones.get(rest);
      if (zone) return zone;
      if (rest === '') throw new Error('the lab has no root zone');
    }
  }
}

function loadZone(apex: string, zone: Zone): LoadedZone {
  const soa: Answer = {
    name: apex || '.',
    type: 'SOA',
    ttl: LAB_TTL_SECONDS,
    class: 'IN',
    data: { mname: nameServer(apex), rname: `hostmaster.${apex || 'root'}`, serial: 1, refresh: 3600, retry: 600, expire: 86_400, minimum: LAB_TTL_SECONDS },
  };
  const ownServers = zone.records.some((record) => record.type === 'NS' && zoneName(record.name) === apex);
  const names = new Map<string, Answer[]>([[apex, ownServers ? [soa] : [soa, { name: apex || '.', type: 'NS', ttl: LAB_TTL_SECONDS, class: 'IN', data: nameServer(apex) }]]]);
  for (const record of zone.records) {
    const answer = toAnswer(record);
    const name = answer.name;
    if (name !== apex && apex !== '' && !name.endsWith(`.${apex}`)) throw new Error(`record ${name} lies outside zone ${apex}`);
    const present = names.get(name);
    if (present) present.push(answer);
    else names.set(name, [answer]);
    for (let above = parent(name); above.length > apex.length; above = parent(above)) {
      if (!names.has(above)) names.set(above, []);
    }
  }
  return { apex, secure: zone.secure ?? false, soa, names };
}

/** Not for the root, whose server has a name in another zone. */
function withAddress(zone: Zone, address: string): Zone {
  const name = nameServer(zoneName(zone.apex));
  const present = zone.apex === '' || zone.records.some((record) => zoneName(record.name) === name);
  return present ? zone : { ...zone, records: [...zone.records, { name, type: 'A', value: address }] };
}

function nameServer(apex: string): string {
  return apex === '' ? 'a.root-servers.net' : `ns1.${apex}`;
}

/** Of `a.b.c`: `b.c` and `c`. */
function ancestors(name: string): string[] {
  const above = parent(name);
  return above === '' ? [] : [above, ...ancestors(above)];
}

function parent(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}
