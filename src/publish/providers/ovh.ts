/**
 * OVHcloud, API 1.0 (eu.api.ovh.com/console, and the signature as the clients of OVH make it, read 2026-11). Each value is a
 * record with a number; listings are of numbers, and each record is a request of its own. Names are relative, '' for the
 * zone's own; targets are as in a zone file, TXT quoted. SPF, DKIM and DMARC are types of OVH's own that are published as
 * TXT. A TXT record takes no key as long as those of RSA: the type DKIM does, with the bare text, and no record changes its
 * type (so DNSControl's and octoDNS's adapters for OVH, read 2026-11-21). Nothing is published before the zone is refreshed. TTL 0 is the zone's default (3600 s), else 60 s and more.
 *
 * A request is signed with SHA-1 over secrets, method, whole address, body and time; the time is asked of OVH, since a clock
 * that goes wrong would make every signature invalid.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DNS_API_LIMITS } from '../../base/dns-api-limits.ts';
import type { ChangeOutcome, DnsProvider, DnsZone, RecordSet } from '../../contract/dns-publishing.ts';
import { DnsApi, textAt, type ApiAddress, type ApiCall, type ApiRequest } from './dns-api.ts';
import type { ProviderParts } from './provider-type.ts';
import { setsOfRows, writeRows, type RecordRow, type RowSet } from './record-rows.ts';
import { absoluteValue, nameFromZone, nameInZone, publishable, readTxt, tidyValue, writeTxt, zoneName } from '../record-value.ts';
import { createZoneProvider, outcomeOf, type Edit, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'PTR', 'SRV', 'TLSA', 'TXT'] as const;
const PUBLISHED_AS_TXT = ['DKIM', 'DMARC', 'SPF'];
/** One string of a TXT record (RFC 1035 §3.3). */
const TXT_OCTETS_MAX = 255;
const TTL_MIN = 60;
const DEFAULT_TTL = 3600;

const record = z.object({ id: z.number(), fieldType: z.string(), subDomain: z.string().nullable(), target: z.string(), ttl: z.number().nullable() });

export function createOvh(parts: ProviderParts): DnsProvider {
  let secondsAhead = 0;
  const now = (): number => Math.round(parts.clock.now() / 1000) + secondsAhead;
  const api = new DnsApi(parts, {
    title: 'OVH', url: 'https://eu.api.ovh.com/1.0', secretFiles: ['secret-file', 'consumer-key-file'],
    authorize: (request, secrets, address) => sign(request, parts.settings['application-key'] ?? '', secrets, address, now()),
    explain: (text) => textAt(text, ['message']),
  });
  const synchronise = async (call: ApiCall): Promise<void> => {
    const theirs = await call.get(z.number(), '/auth/time');
    secondsAhead = theirs - Math.round(parts.clock.now() / 1000);
  };
  const zoneApi: ZoneApi<RowSet> = {
    api, types: TYPES, atomic: false,
    ttl: (seconds) => Math.max(TTL_MIN, seconds),
    zones: async (call) => {
      await synchronise(call);
      const names = await call.get(z.array(z.string()), '/domain/zone');
      return names.map((name) => ({ id: name, name: zoneName(name) }));
    },
    sets: async (call, zone, wanted) => {
      await synchronise(call);
      return setsOfRows(await rowsOf(call, zone, [...new Set(wanted.map(({ name }) => nameInZone(name, zone.name)))]));
    },
    write: writeAndRefresh,
  };
  return createZoneProvider(parts.label, zoneApi);
}

/** The signature of version `$1$`. */
function sign({ method, path, body }: ApiRequest, application: string, secrets: Readonly<Record<string, string>>, address: ApiAddress, seconds: number): Record<string, string> {
  if (path === '/auth/time') return {};
  const { host, port, basePath, secure } = address;
  const url = `http${secure ? 's' : ''}://${host}${port === (secure ? 443 : 80) ? '' : `:${port}`}${basePath}${path}`;
  const consumer = secrets['consumer-key-file'] ?? '';
  const digest = createHash('sha1').update([secrets['secret-file'], consumer, method, url, body?.text ?? '', seconds].join('+')).digest('hex');
  return { 'x-ovh-application': application, 'x-ovh-consumer': consumer, 'x-ovh-timestamp': String(seconds), 'x-ovh-signature': `$1$${digest}` };
}

const zonePath = (zone: DnsZone): string => `/domain/zone/${encodeURIComponent(zone.id)}`;

/** Of these names only: a zone with a thousand records would be a thousand requests. */
async function rowsOf(call: ApiCall, zone: DnsZone, relativeNames: readonly string[]): Promise<readonly RecordRow[]> {
  const ids = await eachAtOnce(relativeNames, (name) => call.get(z.array(z.number()), `${zonePath(zone)}/record?subDomain=${encodeURIComponent(name)}`));
  const records = await eachAtOnce([...new Set(ids.flat())], (id) => call.get(record, `${zonePath(zone)}/record/${id}`));
  return records.flatMap((found) => rowOf(zone, found));
}

async function eachAtOnce<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<readonly R[]> {
  const answers: R[] = [];
  for (let at = 0; at < items.length; at += DNS_API_LIMITS.requestsAtOnce) {
    answers.push(...(await Promise.all(items.slice(at, at + DNS_API_LIMITS.requestsAtOnce).map(ask))));
  }
  return answers;
}

function rowOf(zone: DnsZone, { id, fieldType, subDomain, target, ttl }: z.output<typeof record>): readonly RecordRow[] {
  const type = publishable(PUBLISHED_AS_TXT.includes(fieldType) ? 'TXT' : fieldType, TYPES);
  if (!type) return [];
  const value = type === 'TXT' && !target.startsWith('"') ? writeTxt(Buffer.from(target)) : absoluteValue(type, target, zone.name);
  return [{ id: String(id), name: nameFromZone(subDomain ?? '', zone.name), type, ttlSeconds: ttl || DEFAULT_TTL, value: tidyValue(type, value), kind: fieldType }];
}

interface Field {
  readonly fieldType: string;
  readonly target: string;
}

function fieldOf({ name, type }: RecordSet, value: string): Field {
  const text = type === 'TXT' && name.includes('._domainkey.') ? readTxt(value) : undefined;
  if (text && text.length > TXT_OCTETS_MAX) return { fieldType: 'DKIM', target: text.toString() };
  return { fieldType: type, target: value };
}

async function writeAndRefresh(call: ApiCall, zone: DnsZone, edits: readonly Edit<RowSet>[]): Promise<readonly ChangeOutcome[]> {
  const path = `${zonePath(zone)}/record`;
  const body = ({ name, ttlSeconds: ttl }: RecordSet, { target }: Field): Record<string, unknown> => ({ subDomain: nameInZone(name, zone.name), target, ttl });
  const create = (set: RecordSet, field: Field): Promise<unknown> => call.change('POST', path, { fieldType: field.fieldType, ...body(set, field) });
  const remove = (row: RecordRow): Promise<unknown> => call.change('DELETE', `${path}/${row.id}`);
  const outcomes = await writeRows(edits, {
    create: (set, value) => create(set, fieldOf(set, value)),
    update: async (row, set, value) => {
      const field = fieldOf(set, value);
      // What OVH made SPF or DMARC of takes the same targets as TXT.
      if ((row.kind === 'DKIM') === (field.fieldType === 'DKIM')) return call.change('PUT', `${path}/${row.id}`, body(set, field));
      await remove(row);
      return create(set, field);
    },
    remove,
  });
  try {
    // Also after a failure in the middle: what was changed would appear with somebody else's refresh, at a time that nobody chose.
    await call.change('POST', `${zonePath(zone)}/refresh`);
    return outcomes;
  } catch (error) {
    const failed = outcomeOf(error);
    const detail = failed.kind === 'failed' ? failed.detail : '';
    return outcomes.map((outcome) => (outcome.kind === 'applied' ? { kind: 'failed', temporary: true, detail: `changed, but not published, since the zone could not be refreshed: ${detail}` } : outcome));
  }
}
