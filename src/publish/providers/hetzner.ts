/**
 * Hetzner Cloud DNS, API v1 at api.hetzner.cloud (docs.hetzner.cloud/reference/cloud, zones and RRsets, read 2026-11; the
 * older dns.hetzner.com was closed in May 2026). Sets are whole: records and TTL are replaced by an action each, which is
 * done when its status says so. Names are relative, `@` for the zone's own; values as in a zone file, TXT quoted. A set
 * without a TTL has the zone's. Comments of values that stay are kept. TTL of 60 s and more.
 */
import { z } from 'zod';
import { DNS_API_LIMITS } from '../../base/dns-api-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { ChangeOutcome, DnsProvider, DnsZone, RecordSet } from '../../contract/dns-publishing.ts';
import { allPages, ApiRefusal, bearer, DnsApi, textAt, type ApiAnswer, type ApiCall } from './dns-api.ts';
import type { ProviderParts } from './provider-type.ts';
import { absoluteValue, tidyValue, nameFromZone, nameInZone, publishable, sameValues, zoneName } from '../record-value.ts';
import { applied, createZoneProvider, writeEach, type Edit, type HeldSet, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'HTTPS', 'MX', 'PTR', 'SRV', 'SVCB', 'TLSA', 'TXT'] as const;
const TTL_MIN = 60;
const PER_PAGE = 50;

const meta = z.object({ pagination: z.object({ next_page: z.number().nullable() }) });
const zone = z.object({ id: z.number(), name: z.string(), mode: z.string(), ttl: z.number() });
const zonePage = z.object({ zones: z.array(zone), meta });
const oneZone = z.object({ zone });
const record = z.object({ value: z.string(), comment: z.string().nullish() });
const rrset = z.object({ name: z.string(), type: z.string(), ttl: z.number().nullable(), records: z.array(record), protection: z.object({ change: z.boolean() }).nullish() });
const rrsetPage = z.object({ rrsets: z.array(rrset), meta });
const action = z.object({ action: z.object({ id: z.number(), status: z.string(), error: z.object({ message: z.string() }).nullish() }) });

interface HetznerSet extends HeldSet {
  readonly comments: ReadonlyMap<string, string>;
}

export function createHetzner(parts: ProviderParts): DnsProvider {
  const api = new DnsApi(parts, {
    title: 'Hetzner', url: 'https://api.hetzner.cloud/v1', secretFiles: ['secret-file'], authorize: bearer,
    explain: (text) => textAt(text, ['error', 'code'], ['error', 'message']),
  });
  const zoneApi: ZoneApi<HetznerSet> = {
    api, types: TYPES, atomic: false,
    ttl: (seconds) => Math.max(TTL_MIN, seconds),
    zones: (call) => allPages(call, 1, async (page) => {
      const { zones, meta: { pagination } } = await call.get(zonePage, `/zones?page=${page}&per_page=${PER_PAGE}`);
      // A secondary zone is changed at its primary.
      return { items: zones.filter(({ mode }) => mode === 'primary').map(({ id, name }) => ({ id: String(id), name: zoneName(name) })), next: pagination.next_page ?? undefined };
    }),
    sets: async (call, of) => {
      const { zone: { ttl } } = await call.get(oneZone, zonePath(of));
      return allPages(call, 1, async (page) => {
        const { rrsets, meta: { pagination } } = await call.get(rrsetPage, `${zonePath(of)}/rrsets?page=${page}&per_page=${PER_PAGE}`);
        return { items: rrsets.flatMap((found) => setOf(of, ttl, found)), next: pagination.next_page ?? undefined };
      });
    },
    write: (call, of, edits) => writeEach(edits, (edit) => writeSet(call, of, edit)),
  };
  return createZoneProvider(parts.label, zoneApi);
}

const zonePath = ({ id }: DnsZone): string => `/zones/${encodeURIComponent(id)}`;

function setOf(of: DnsZone, zoneTtl: number, { name, type: typeName, ttl, records, protection }: z.output<typeof rrset>): readonly HetznerSet[] {
  const type = publishable(typeName, TYPES);
  if (!type) return [];
  const spelled = records.map(({ value, comment }) => [tidyValue(type, absoluteValue(type, value, of.name)), comment ?? ''] as const);
  return [{
    name: nameFromZone(name, of.name), type, ttlSeconds: ttl ?? zoneTtl, values: spelled.map(([value]) => value), comments: new Map(spelled),
    ...(protection?.change && { special: 'it is protected against changes in Hetzner’s console' }),
  }];
}

async function writeSet(call: ApiCall, of: DnsZone, { now, after }: Edit<HetznerSet>): Promise<ChangeOutcome> {
  const { name, type } = (after ?? now) as RecordSet;
  const relative = nameInZone(name, of.name) || '@';
  const path = `${zonePath(of)}/rrsets/${encodeURIComponent(relative)}/${type}`;
  const records = after?.values.map((value) => tidyValue(type, value)).map((value) => ({ value, ...(now?.comments.get(value) && { comment: now.comments.get(value) }) }));
  try {
    if (!after) await finished(call, await call.change('DELETE', path));
    else if (!now) await finished(call, await call.change('POST', `${zonePath(of)}/rrsets`, { name: relative, type, ttl: after.ttlSeconds, records }));
    else {
      if (!sameValues(type, now.values, after.values)) await finished(call, await call.change('POST', `${path}/actions/set_records`, { records }));
      if (now.ttlSeconds !== after.ttlSeconds) await finished(call, await call.change('POST', `${path}/actions/change_ttl`, { ttl: after.ttlSeconds }));
    }
    return applied;
  } catch (error) {
    // 404: it has gone meanwhile; 409: it has come, or somebody is at it.
    if (error instanceof ApiRefusal && (error.status === 404 || error.status === 409)) return { kind: 'conflict', detail: error.message };
    throw error;
  }
}

async function finished(call: ApiCall, answer: ApiAnswer): Promise<void> {
  let { action: now } = call.read(action, answer);
  while (now.status === 'running') {
    await call.pause(DNS_API_LIMITS.actionPollMs, call.unreachable('the change was taken, but is not done yet'));
    now = (await call.get(action, `/actions/${now.id}`)).action;
  }
  if (now.status !== 'success') throw new Failure('dns-provider-unreachable', `Hetzner could not make the change: ${(now.error?.message ?? now.status).slice(0, DNS_API_LIMITS.explanationCharsMax)}`);
}
