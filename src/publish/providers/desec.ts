/**
 * deSEC, API v1 (desec.readthedocs.io, read 2026-11). Sets are whole, and one PATCH changes many of them or none; an empty
 * list of records removes a set. Names are relative, '' for the zone's own; values as in a zone file, TXT quoted. No TTL may
 * be below the zone's `minimum_ttl`, usually 3600 s. Listings go on behind the cursor of the Link field. Changes are limited
 * to 2 a second, 15 a minute, 100 an hour and 300 a day for each zone; a refusal says how long to wait.
 */
import { z } from 'zod';
import type { ChangeOutcome, DnsProvider, DnsZone, RecordSet } from '../../contract/dns-publishing.ts';
import { allPages, DnsApi, type ApiAnswer, type ApiCall } from './dns-api.ts';
import type { ProviderParts } from './provider-type.ts';
import { tidyValue, nameFromZone, nameInZone, publishable, zoneName } from '../record-value.ts';
import { applied, createZoneProvider, type Edit, type HeldSet, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'HTTPS', 'MX', 'PTR', 'SRV', 'SVCB', 'TLSA', 'TXT'] as const;
const TTL_MIN = 3600;
const TTL_MAX = 86_400;

const domain = z.object({ name: z.string(), minimum_ttl: z.number().optional() });
const rrset = z.object({ subname: z.string(), type: z.string(), ttl: z.number(), records: z.array(z.string()) });

interface DesecSet extends HeldSet {
  readonly subname: string;
}

export function createDesec(parts: ProviderParts): DnsProvider {
  const api = new DnsApi(parts, {
    title: 'deSEC', url: 'https://desec.io/api/v1', secretFiles: ['secret-file'],
    authorize: (_request, secrets) => ({ authorization: `Token ${secrets['secret-file'] ?? ''}` }),
    // `{"detail": "…"}`, or what is wrong with each set of a request.
    explain: (text) => text.replace(/[[\]{}"]+/g, ' '),
  });
  const zoneApi: ZoneApi<DesecSet> = {
    api, types: TYPES, atomic: true,
    ttl: (seconds) => Math.min(TTL_MAX, Math.max(TTL_MIN, seconds)),
    zones: async (call) => (await pagesOf(call, z.array(domain), '/domains/')).map(({ name }) => ({ id: name, name: zoneName(name) })),
    sets: async (call, zone) => (await pagesOf(call, z.array(rrset), setsPath(zone))).flatMap((found) => setOf(zone, found)),
    write: writeAll,
  };
  return createZoneProvider(parts.label, zoneApi);
}

const setsPath = ({ id }: DnsZone): string => `/domains/${encodeURIComponent(id)}/rrsets/`;

/** An empty cursor is the first page; without one, large listings are refused. */
function pagesOf<T>(call: ApiCall, schema: z.ZodType<readonly T[]>, path: string): Promise<readonly T[]> {
  return allPages(call, '', async (cursor) => {
    const answer = await call.send({ method: 'GET', path: `${path}?cursor=${encodeURIComponent(cursor)}` });
    return { items: call.read(schema, answer), next: nextCursor(answer) };
  });
}

/** Only the cursor is taken from the address (RFC 8288), so that no answer leads us elsewhere. */
function nextCursor({ headers }: ApiAnswer): string | undefined {
  for (const link of (headers['link'] ?? '').split(',')) {
    const [, address = '', relation] = /^\s*<([^>]{1,2000})>\s*;\s*rel="?([a-z]{1,20})"?/.exec(link) ?? [];
    if (relation === 'next' && URL.canParse(address, 'https://desec.io')) return new URL(address, 'https://desec.io').searchParams.get('cursor') ?? undefined;
  }
  return undefined;
}

function setOf(zone: DnsZone, { subname, type: typeName, ttl, records }: z.output<typeof rrset>): readonly DesecSet[] {
  const type = publishable(typeName, TYPES);
  return type ? [{ name: nameFromZone(subname, zone.name), type, ttlSeconds: ttl, values: records.map((value) => tidyValue(type, value)), subname }] : [];
}

async function writeAll(call: ApiCall, zone: DnsZone, edits: readonly Edit<DesecSet>[]): Promise<readonly ChangeOutcome[]> {
  await call.change('PATCH', setsPath(zone), edits.map(({ now, after }) => {
    const { name, type } = (after ?? now) as RecordSet;
    const subject = { subname: nameInZone(name, zone.name), type };
    return after ? { ...subject, ttl: after.ttlSeconds, records: after.values.map((value) => tidyValue(type, value)) } : { ...subject, records: [] };
  }));
  return edits.map(() => applied);
}
