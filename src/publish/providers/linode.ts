/**
 * Linode (Akamai), API v4 (techdocs.akamai.com/linode-api/reference, read 2026-11). Each value is a record with an id.
 * Names are relative, '' for the zone's own; hosts without the trailing dot; TXT raw; CAA without flags or blanks; a null MX has an
 * empty target. SRV has service and protocol in fields of their own and only at the zone's own name. TTL is one of a few
 * steps, the others are rounded up; a TTL is taken at a change, not always at the creation. Zones of type `slave` are
 * copies that cannot be changed.
 */
import { z } from 'zod';
import type { DnsProvider, DnsZone, PublishableType, RecordSet } from '../../contract/dns-publishing.ts';
import { allPages, bearer, DnsApi, textAt, type ApiCall } from './dns-api.ts';
import type { ProviderParts } from './provider-type.ts';
import { setsOfRows, writeRows, type RecordRow, type RowSet } from './record-rows.ts';
import { canonicalValue, nameFromZone, nameInZone, publishable, readCaa, readMx, readSrv, readTxt, withDot, withoutDot, writeCaa, writeMx, writeSrv, writeTxt, zoneName } from '../record-value.ts';
import { createZoneProvider, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'PTR', 'SRV', 'TXT'] as const;
const TTL_STEPS = [300, 3600, 7200, 14_400, 28_800, 57_600, 86_400, 172_800, 345_600, 604_800, 1_209_600, 2_419_200] as const;
/** What the zone gives a record without one. */
const DEFAULT_TTL = 86_400;
const PER_PAGE = 500;
const MX_PREFERENCE_MAX = 255;

const paging = { page: z.number(), pages: z.number() };
const domainPage = z.object({ data: z.array(z.object({ id: z.number(), domain: z.string(), type: z.string() })), ...paging });
const record = z.object({
  id: z.number(), type: z.string(), name: z.string(), target: z.string().nullable(), ttl_sec: z.number(),
  priority: z.number().nullish(), weight: z.number().nullish(), port: z.number().nullish(), tag: z.string().nullish(),
});
const recordPage = z.object({ data: z.array(record), ...paging });
const created = z.object({ id: z.number(), ttl_sec: z.number() });

export function createLinode(parts: ProviderParts): DnsProvider {
  const api = new DnsApi(parts, {
    title: 'Linode', url: 'https://api.linode.com/v4', secretFiles: ['secret-file'], authorize: bearer,
    explain: (text) => textAt(text, ['errors', 0, 'field'], ['errors', 0, 'reason']),
  });
  const zoneApi: ZoneApi<RowSet> = {
    api, types: TYPES, atomic: false, ttl: stepOf, cannotHold,
    zones: (call) => allPages(call, 1, async (page) => {
      const answer = await call.get(domainPage, `/domains?page=${page}&page_size=${PER_PAGE}`);
      return { items: answer.data.filter(({ type }) => type === 'master').map(({ id, domain }) => ({ id: String(id), name: zoneName(domain) })), next: nextPage(answer) };
    }),
    sets: async (call, zone) => setsOfRows(await allPages(call, 1, async (page) => {
      const answer = await call.get(recordPage, `${recordsPath(zone)}?page=${page}&page_size=${PER_PAGE}`);
      return { items: answer.data.flatMap((found) => rowOf(zone, found)), next: nextPage(answer) };
    })),
    write: (call, zone, edits) => writeRows(edits, {
      create: (set, value) => create(call, zone, set, value),
      update: (row, set, value) => call.change('PUT', `${recordsPath(zone)}/${row.id}`, bodyOf(zone, set, value)),
      remove: (row) => call.change('DELETE', `${recordsPath(zone)}/${row.id}`),
    }),
  };
  return createZoneProvider(parts.label, zoneApi);
}

const nextPage = ({ page, pages }: { page: number; pages: number }): number | undefined => (page < pages ? page + 1 : undefined);
const recordsPath = (zone: DnsZone): string => `/domains/${encodeURIComponent(zone.id)}/records`;

async function create(call: ApiCall, zone: DnsZone, set: RecordSet, value: string): Promise<void> {
  const made = call.read(created, await call.change('POST', recordsPath(zone), bodyOf(zone, set, value)));
  if (made.ttl_sec !== set.ttlSeconds) await call.change('PUT', `${recordsPath(zone)}/${made.id}`, bodyOf(zone, set, value));
}

function stepOf(seconds: number): number {
  return TTL_STEPS.find((step) => step >= seconds) ?? (TTL_STEPS.at(-1) as number);
}

function rowOf(zone: DnsZone, found: z.output<typeof record>): readonly RecordRow[] {
  const type = publishable(found.type, TYPES);
  return type ? [{ id: String(found.id), name: nameFromZone(found.name, zone.name), type, ttlSeconds: found.ttl_sec || DEFAULT_TTL, value: canonicalValue(type, valueOf(zone, type, found)) }] : [];
}

function valueOf(zone: DnsZone, type: (typeof TYPES)[number], { target, priority, weight, port, tag }: z.output<typeof record>): string {
  const text = target ?? '';
  switch (type) {
    case 'A': case 'AAAA': return text;
    case 'CNAME': case 'PTR': return withDot(text);
    case 'TXT': return writeTxt(Buffer.from(text));
    case 'MX': return writeMx({ preference: priority ?? 0, host: withDot(text) });
    // A single label is below the zone.
    case 'SRV': return writeSrv({ priority: priority ?? 0, weight: weight ?? 0, port: port ?? 0, host: text.includes('.') ? withDot(text) : `${nameFromZone(text, zone.name)}.` });
    case 'CAA': return writeCaa({ flags: 0, tag: tag ?? '', value: text });
    default: return type satisfies never;
  }
}

function bodyOf(zone: DnsZone, { name, type, ttlSeconds }: RecordSet, value: string): Record<string, unknown> {
  const relative = nameInZone(name, zone.name);
  return { type, ttl_sec: ttlSeconds, ...(type !== 'SRV' && { name: relative }), ...fieldsOf(type, relative, value) };
}

function fieldsOf(type: PublishableType, relative: string, value: string): Record<string, unknown> {
  switch (type) {
    case 'CNAME': case 'PTR': return { target: withoutDot(value) };
    case 'TXT': return { target: readTxt(value)?.toString() };
    case 'MX': {
      const mx = readMx(value);
      return { target: withoutDot(mx?.host ?? ''), priority: mx?.preference };
    }
    case 'SRV': {
      const { host, ...numbers } = readSrv(value) ?? { host: '' };
      const [, service, protocol] = SERVICE.exec(relative) ?? [];
      return { target: withoutDot(host), ...numbers, service, protocol };
    }
    case 'CAA': {
      const caa = readCaa(value);
      return { target: caa?.value, tag: caa?.tag };
    }
    default: return { target: value };
  }
}

const SERVICE = /^_([a-z0-9-]+)\._([a-z0-9-]+)$/;

function cannotHold({ name, type, values }: RecordSet, zone: DnsZone): string | undefined {
  if (type === 'CAA' && values.some((value) => readCaa(value)?.flags !== 0)) return 'has no CAA records with flags';
  if (type === 'CAA' && values.some((value) => /\s/.test(readCaa(value)?.value ?? ' '))) return 'has no CAA records with blanks in their value';
  if (type === 'MX' && values.some((value) => (readMx(value)?.preference ?? 0) > MX_PREFERENCE_MAX)) return `has no MX preferences above ${MX_PREFERENCE_MAX}`;
  if (type === 'SRV' && values.some((value) => readSrv(value)?.host === '.')) return 'has no SRV records that say a service is not offered';
  if (type === 'SRV' && !SERVICE.test(nameInZone(name, zone.name))) return 'has SRV records at the names _service._protocol of a zone only';
  return undefined;
}
