/**
 * Gandi LiveDNS, API v5 (api.gandi.net/docs/livedns, read 2026-11), with a personal access token. Sets are whole: PUT
 * replaces one or makes it, DELETE removes it; POST makes one and is refused (409) where one stands already, so that a new
 * set replaces nobody's. Names are relative, `@` for the zone's own; values as in a zone file, TXT
 * quoted, hosts relative to the zone unless they end in a dot. TTL from 300 s to 30 days.
 */
import { z } from 'zod';
import type { ChangeOutcome, DnsProvider, DnsZone, RecordSet } from '../../contract/dns-publishing.ts';
import { allPages, ApiRefusal, bearer, DnsApi, textAt, type ApiCall } from './dns-api.ts';
import type { ProviderParts } from './provider-type.ts';
import { absoluteValue, tidyValue, nameFromZone, nameInZone, publishable, zoneName } from '../record-value.ts';
import { applied, createZoneProvider, writeEach, type Edit, type HeldSet, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'PTR', 'SRV', 'TLSA', 'TXT'] as const;
const TTL_MIN = 300;
const TTL_MAX = 2_592_000;
const PER_PAGE = 100;

const domains = z.array(z.object({ fqdn: z.string() }));
const rrset = z.object({ rrset_name: z.string(), rrset_type: z.string(), rrset_ttl: z.number(), rrset_values: z.array(z.string()) });

export function createGandi(parts: ProviderParts): DnsProvider {
  const api = new DnsApi(parts, {
    title: 'Gandi', url: 'https://api.gandi.net/v5/livedns', secretFiles: ['secret-file'], authorize: bearer,
    explain: (text) => textAt(text, ['message'], ['errors', 0, 'description']),
  });
  const zoneApi: ZoneApi<HeldSet> = {
    api, types: TYPES, atomic: false,
    ttl: (seconds) => Math.min(TTL_MAX, Math.max(TTL_MIN, seconds)),
    zones: async (call) => (await pagesOf(call, domains, '/domains')).map(({ fqdn }) => ({ id: fqdn, name: zoneName(fqdn) })),
    sets: async (call, zone) => (await pagesOf(call, z.array(rrset), recordsPath(zone))).flatMap((found) => setOf(zone, found)),
    write: (call, zone, edits) => writeEach(edits, (edit) => writeSet(call, zone, edit)),
  };
  return createZoneProvider(parts.label, zoneApi);
}

/** A page that is not full is the last one. */
function pagesOf<T>(call: ApiCall, schema: z.ZodType<readonly T[]>, path: string): Promise<readonly T[]> {
  return allPages(call, 1, async (page) => {
    const items = await call.get(schema, `${path}?page=${page}&per_page=${PER_PAGE}`);
    return { items, next: items.length < PER_PAGE ? undefined : page + 1 };
  });
}

const recordsPath = ({ id }: DnsZone): string => `/domains/${encodeURIComponent(id)}/records`;

function setOf(zone: DnsZone, { rrset_name, rrset_type, rrset_ttl, rrset_values }: z.output<typeof rrset>): readonly HeldSet[] {
  const type = publishable(rrset_type, TYPES);
  return type ? [{ name: nameFromZone(rrset_name, zone.name), type, ttlSeconds: rrset_ttl, values: rrset_values.map((value) => tidyValue(type, absoluteValue(type, value, zone.name))) }] : [];
}

async function writeSet(call: ApiCall, zone: DnsZone, { now, after }: Edit<HeldSet>): Promise<ChangeOutcome> {
  const { name, type } = (after ?? now) as RecordSet;
  const path = `${recordsPath(zone)}/${encodeURIComponent(nameInZone(name, zone.name) || '@')}/${type}`;
  try {
    if (!after) await call.change('DELETE', path);
    else await call.change(now ? 'PUT' : 'POST', path, { rrset_ttl: after.ttlSeconds, rrset_values: after.values.map((value) => tidyValue(type, value)) });
    return applied;
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === 409) return { kind: 'conflict', detail: error.message };
    throw error;
  }
}
