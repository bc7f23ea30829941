/**
 * DigitalOcean, API v2 (docs.digitalocean.com/reference/api, read 2026-11). Each value is a record with an id; MX, SRV and
 * CAA are in fields of their own. Names are relative, `@` for the zone's own, in answers and requests. Hosts need the
 * trailing dot in requests and come without it, `@` for the zone. TXT is raw, at most about 512 octets, neither empty nor with backslashes.
 * CAA data needs a trailing dot in requests. No null MX, no TLSA. TTL of 30 s and more.
 */
import { z } from 'zod';
import type { DnsProvider, DnsZone, PublishableType, RecordSet } from '../../contract/dns-publishing.ts';
import { allPages, bearer, DnsApi, textAt } from './dns-api.ts';
import type { ProviderParts } from './provider-type.ts';
import { setsOfRows, writeRows, type RecordRow, type RowSet } from './record-rows.ts';
import { canonicalValue, nameFromZone, nameInZone, publishable, readCaa, readMx, readSrv, readTxt, withoutDot, writeCaa, writeMx, writeSrv, writeTxt, zoneName } from '../record-value.ts';
import { createZoneProvider, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'SRV', 'TXT'] as const;
const TTL_MIN = 30;
const PER_PAGE = 200;
/** Counted with quotes and escapes. */
const TXT_CHARS_MAX = 509;

const links = z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional();
const domainPage = z.object({ domains: z.array(z.object({ name: z.string() })), links });
const record = z.object({
  id: z.number(), type: z.string(), name: z.string(), data: z.string(), ttl: z.number(),
  priority: z.number().nullish(), port: z.number().nullish(), weight: z.number().nullish(), flags: z.number().nullish(), tag: z.string().nullish(),
});
const recordPage = z.object({ domain_records: z.array(record), links });

export function createDigitalOcean(parts: ProviderParts): DnsProvider {
  const api = new DnsApi(parts, {
    title: 'DigitalOcean', url: 'https://api.digitalocean.com/v2', secretFiles: ['secret-file'], authorize: bearer,
    explain: (text) => textAt(text, ['message']),
  });
  const zoneApi: ZoneApi<RowSet> = {
    api, types: TYPES, atomic: false,
    ttl: (seconds) => Math.max(TTL_MIN, seconds),
    cannotHold,
    zones: (call) => allPages(call, 1, async (page) => {
      const answer = await call.get(domainPage, `/domains?page=${page}&per_page=${PER_PAGE}`);
      return { items: answer.domains.map(({ name }) => ({ id: name, name: zoneName(name) })), next: nextPage(page, answer.links) };
    }),
    sets: async (call, zone) => setsOfRows(await allPages(call, 1, async (page) => {
      const answer = await call.get(recordPage, `${recordsPath(zone)}?page=${page}&per_page=${PER_PAGE}`);
      return { items: answer.domain_records.flatMap((found) => rowOf(zone, found)), next: nextPage(page, answer.links) };
    })),
    write: (call, zone, edits) => writeRows(edits, {
      create: (set, value) => call.change('POST', recordsPath(zone), bodyOf(zone, set, value)),
      update: (row, set, value) => call.change('PUT', `${recordsPath(zone)}/${row.id}`, bodyOf(zone, set, value)),
      remove: (row) => call.change('DELETE', `${recordsPath(zone)}/${row.id}`),
    }),
  };
  return createZoneProvider(parts.label, zoneApi);
}

const nextPage = (page: number, of: z.output<typeof links>): number | undefined => (of?.pages?.next === undefined ? undefined : page + 1);
const recordsPath = (zone: DnsZone): string => `/domains/${encodeURIComponent(zone.id)}/records`;

function rowOf(zone: DnsZone, found: z.output<typeof record>): readonly RecordRow[] {
  const type = publishable(found.type, TYPES);
  return type ? [{ id: String(found.id), name: nameFromZone(found.name, zone.name), type, ttlSeconds: found.ttl, value: canonicalValue(type, valueOf(zone, type, found)) }] : [];
}

function valueOf(zone: DnsZone, type: (typeof TYPES)[number], { data, priority, port, weight, flags, tag }: z.output<typeof record>): string {
  const host = `${data === '@' ? zone.name : withoutDot(data)}.`;
  switch (type) {
    case 'A': case 'AAAA': return data;
    case 'CNAME': return host;
    case 'TXT': return writeTxt(Buffer.from(data));
    case 'MX': return writeMx({ preference: priority ?? 0, host });
    case 'SRV': return writeSrv({ priority: priority ?? 0, weight: weight ?? 0, port: port ?? 0, host });
    case 'CAA': return writeCaa({ flags: flags ?? 0, tag: tag ?? '', value: withoutDot(data) });
    default: return type satisfies never;
  }
}

function bodyOf(zone: DnsZone, { name, type, ttlSeconds: ttl }: RecordSet, value: string): Record<string, unknown> {
  return { type, name: nameInZone(name, zone.name) || '@', ttl, ...fieldsOf(type, value) };
}

function fieldsOf(type: PublishableType, value: string): Record<string, unknown> {
  switch (type) {
    case 'TXT': return { data: readTxt(value)?.toString() };
    case 'MX': {
      const mx = readMx(value);
      return { data: mx?.host, priority: mx?.preference };
    }
    case 'SRV': {
      const { host, ...numbers } = readSrv(value) ?? { host: '' };
      return { data: host, ...numbers };
    }
    case 'CAA': {
      const caa = readCaa(value);
      return { data: `${caa?.value}.`, flags: caa?.flags, tag: caa?.tag };
    }
    default: return { data: value };
  }
}

function cannotHold({ type, values }: RecordSet): string | undefined {
  if (type === 'MX' && values.some((value) => readMx(value)?.host === '.')) return 'has no null MX (RFC 7505)';
  if (type === 'CAA' && values.some((value) => /[\s;]/.test(readCaa(value)?.value ?? ' '))) return 'has no CAA records with parameters or blanks';
  if (type !== 'TXT') return undefined;
  if (values.some((value) => readTxt(value)?.length === 0)) return 'has no empty TXT records';
  if (values.some((value) => readTxt(value)?.includes(0x5c))) return 'has no TXT records with a backslash';
  if (values.some((value) => canonicalValue('TXT', value).length > TXT_CHARS_MAX)) return `has no TXT records longer than about ${TXT_CHARS_MAX} octets; for DKIM use an Ed25519 key or one of 2048 bits`;
  return undefined;
}
