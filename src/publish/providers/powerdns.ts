/**
 * PowerDNS Authoritative Server, its own HTTP API v1 (doc.powerdns.com/authoritative/http-api, tried against 4.7). Sets are
 * whole, and one PATCH of a zone changes many of them or none. Names and values are absolute with the trailing dot, TXT
 * quoted. A record may be switched off in place (`disabled`), which a whole set of ours cannot say: such sets are left alone.
 */
import { z } from 'zod';
import type { ChangeOutcome, DnsProvider, DnsZone, RecordSet } from '../../contract/dns-publishing.ts';
import { DnsApi, textAt, type ApiCall } from './dns-api.ts';
import type { ProviderParts } from './provider-type.ts';
import { publishable, zoneName } from '../record-value.ts';
import { applied, createZoneProvider, type Edit, type HeldSet, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'HTTPS', 'MX', 'PTR', 'SRV', 'SVCB', 'TLSA', 'TXT'] as const;
const TTL_MAX = 0x7fffffff;

const zoneRow = z.object({ id: z.string(), name: z.string(), kind: z.string().optional() });
const zoneContent = z.object({
  rrsets: z.array(z.object({ name: z.string(), type: z.string(), ttl: z.number(), records: z.array(z.object({ content: z.string(), disabled: z.boolean().optional() })) })),
});

export function createPowerDns(parts: ProviderParts): DnsProvider {
  const server = encodeURIComponent(parts.settings['server-id'] ?? 'localhost');
  const zonesPath = `/api/v1/servers/${server}/zones`;
  const path = ({ id }: DnsZone): string => `${zonesPath}/${encodeURIComponent(id)}`;
  const api = new DnsApi(parts, {
    title: 'PowerDNS',
    url: 'http://127.0.0.1:8081',
    secretFiles: ['secret-file'],
    authorize: (_request, secrets) => ({ 'x-api-key': secrets['secret-file'] ?? '' }),
    explain: (text) => textAt(text, ['error']) || text,
  });
  const zoneApi: ZoneApi<HeldSet> = {
    api,
    types: TYPES,
    atomic: true,
    ttl: (seconds) => Math.min(TTL_MAX, seconds),
    // What a secondary holds is changed at its primary.
    zones: async (call) => (await call.get(z.array(zoneRow), zonesPath)).filter(({ kind }) => !/^(?:Slave|Secondary|Consumer)$/i.test(kind ?? '')).map(({ id, name }) => ({ id, name: zoneName(name) })),
    sets: async (call, zone) => (await call.get(zoneContent, path(zone))).rrsets.flatMap(heldSet),
    write: async (call, zone, edits) => writeAll(call, path(zone), edits),
  };
  return createZoneProvider(parts.label, zoneApi);
}

function heldSet({ name, type: typeName, ttl, records }: z.output<typeof zoneContent>['rrsets'][number]): readonly HeldSet[] {
  const type = publishable(typeName, TYPES);
  if (!type) return [];
  const off = records.some(({ disabled }) => disabled === true);
  return [{ name: zoneName(name), type, ttlSeconds: ttl, values: records.map(({ content }) => content), ...(off && { special: 'some of its records are switched off in PowerDNS' }) }];
}

async function writeAll(call: ApiCall, path: string, edits: readonly Edit<HeldSet>[]): Promise<readonly ChangeOutcome[]> {
  const rrsets = edits.map(({ now, after }) => {
    const { name, type } = (after ?? now) as RecordSet;
    const subject = { name: `${name}.`, type };
    return after ? { ...subject, changetype: 'REPLACE', ttl: after.ttlSeconds, records: after.values.map((content) => ({ content, disabled: false })) } : { ...subject, changetype: 'DELETE' };
  });
  await call.change('PATCH', path, { rrsets });
  return edits.map(() => applied);
}
