/**
 * Cloudflare, API v4 (developers.cloudflare.com/api/resources/dns, read 2026-11). Each value is a record with an id. All
 * changes of a zone go in one batch, which is one transaction: deletions, patches, then creations; 200 operations on the
 * free plan. MX has its priority beside the content; SRV, CAA, TLSA, SVCB and HTTPS are in `data`; TXT content is quoted as
 * in a zone file, and older records hold it raw. Names are whole, hosts without the trailing dot. TTL 1 is "automatic"
 * (300 s), else 60 s and more. A proxied record keeps being proxied.
 */
import { z } from 'zod';
import type { ChangeOutcome, DnsProvider, DnsZone, PublishableType, RecordSet } from '../../contract/dns-publishing.ts';
import { allPages, ApiRefusal, bearer, DnsApi, textAt, type ApiCall } from './dns-api.ts';
import type { ProviderParts } from './provider-type.ts';
import { setsOfRows, stepsOf, type RecordRow, type RowSet } from './record-rows.ts';
import { publishable, readCaa, readMx, readSrv, readSvcb, readTlsa, tidyValue, withDot, withoutDot, writeCaa, writeMx, writeSrv, writeSvcb, writeTlsa, writeTxt, zoneName } from '../record-value.ts';
import { applied, createZoneProvider, outcomeOf, type Edit, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'HTTPS', 'MX', 'PTR', 'SRV', 'SVCB', 'TLSA', 'TXT'] as const;
const AUTOMATIC_TTL = 1;
const AUTOMATIC_SECONDS = 300;
const TTL_MIN = 60;
const TTL_MAX = 86_400;
const ZONES_PER_PAGE = 50;
const RECORDS_PER_PAGE = 500;
const BATCH_OPERATIONS_MAX = 200;

const pages = z.object({ page: z.number(), total_pages: z.number() });
const zonePage = z.object({ result: z.array(z.object({ id: z.string(), name: z.string() })), result_info: pages });
const record = z.object({
  id: z.string(), name: z.string(), type: z.string(), ttl: z.number(),
  content: z.string().default(''), priority: z.number().nullish(), data: z.record(z.string(), z.unknown()).nullish(),
});
type CloudflareRecord = z.output<typeof record>;
const recordPage = z.object({ result: z.array(record), result_info: pages });

export function createCloudflare(parts: ProviderParts): DnsProvider {
  const api = new DnsApi(parts, {
    title: 'Cloudflare', url: 'https://api.cloudflare.com/client/v4', secretFiles: ['secret-file'], authorize: bearer,
    explain: (text) => textAt(text, ['errors', 0, 'message'], ['errors', 0, 'error_chain', 0, 'message']),
  });
  const zoneApi: ZoneApi<RowSet> = {
    api, types: TYPES, atomic: true,
    ttl: (seconds) => Math.min(TTL_MAX, Math.max(TTL_MIN, seconds)),
    zones: (call) => allPages(call, 1, async (page) => {
      const { result, result_info } = await call.get(zonePage, `/zones?page=${page}&per_page=${ZONES_PER_PAGE}`);
      return { items: result.map(({ id, name }) => ({ id, name: zoneName(name) })), next: nextPage(result_info) };
    }),
    sets: async (call, zone) => setsOfRows(await allPages(call, 1, async (page) => {
      const { result, result_info } = await call.get(recordPage, `${recordsPath(zone)}?page=${page}&per_page=${RECORDS_PER_PAGE}`);
      return { items: result.flatMap(rowOf), next: nextPage(result_info) };
    })),
    write: writeBatches,
  };
  return createZoneProvider(parts.label, zoneApi);
}

const recordsPath = (zone: DnsZone): string => `/zones/${encodeURIComponent(zone.id)}/dns_records`;

function nextPage({ page, total_pages }: z.output<typeof pages>): number | undefined {
  return page < total_pages ? page + 1 : undefined;
}

function rowOf(found: CloudflareRecord): readonly RecordRow[] {
  const type = publishable(found.type, TYPES);
  if (!type) return [];
  const value = tidyValue(type, valueOf(type, found));
  return [{ id: found.id, name: withoutDot(found.name), type, ttlSeconds: found.ttl === AUTOMATIC_TTL ? AUTOMATIC_SECONDS : found.ttl, value }];
}

function valueOf(type: PublishableType, { content, priority, data }: CloudflareRecord): string {
  const text = (key: string): string => String(data?.[key] ?? '');
  const number = (key: string): number => Number(data?.[key] ?? 0);
  switch (type) {
    case 'A': case 'AAAA': return content;
    case 'CNAME': case 'PTR': return withDot(content);
    case 'TXT': return content.startsWith('"') ? content : writeTxt(Buffer.from(content));
    case 'MX': return writeMx({ preference: priority ?? 0, host: withDot(content) });
    case 'SRV': return writeSrv({ priority: number('priority'), weight: number('weight'), port: number('port'), host: withDot(text('target')) });
    case 'CAA': return writeCaa({ flags: number('flags'), tag: text('tag'), value: text('value') });
    case 'TLSA': return writeTlsa({ usage: number('usage'), selector: number('selector'), matching: number('matching_type'), data: text('certificate') });
    case 'SVCB': case 'HTTPS': return writeSvcb({ priority: number('priority'), host: withDot(text('target')), parameters: text('value') });
    default: return type satisfies never;
  }
}

function bodyOf({ name, type, ttlSeconds: ttl }: RecordSet, value: string): Record<string, unknown> {
  const body = { name, type, ttl };
  switch (type) {
    case 'A': case 'AAAA': return { ...body, content: value };
    case 'CNAME': case 'PTR': return { ...body, content: withoutDot(value) };
    case 'TXT': return { ...body, content: value };
    case 'MX': {
      const mx = readMx(value);
      return { ...body, content: mx?.host === '.' ? '.' : withoutDot(mx?.host ?? ''), priority: mx?.preference };
    }
    case 'SRV': {
      const { host, ...numbers } = readSrv(value) ?? { host: '' };
      return { ...body, data: { ...numbers, target: host === '.' ? '.' : withoutDot(host) } };
    }
    case 'CAA': return { ...body, data: readCaa(value) };
    case 'TLSA': {
      const tlsa = readTlsa(value);
      return { ...body, data: { usage: tlsa?.usage, selector: tlsa?.selector, matching_type: tlsa?.matching, certificate: tlsa?.data } };
    }
    case 'SVCB': case 'HTTPS': {
      const svcb = readSvcb(value);
      return { ...body, data: { priority: svcb?.priority, target: svcb?.host === '.' ? '.' : withoutDot(svcb?.host ?? ''), value: svcb?.parameters } };
    }
    default: return type satisfies never;
  }
}

interface Batch {
  readonly deletes: { id: string }[];
  readonly patches: Record<string, unknown>[];
  readonly posts: Record<string, unknown>[];
}

async function writeBatches(call: ApiCall, zone: DnsZone, edits: readonly Edit<RowSet>[]): Promise<readonly ChangeOutcome[]> {
  const outcomes: ChangeOutcome[] = [];
  for (const batch of batchesOf(edits)) {
    const outcome = await writeBatch(call, zone, batch.operations);
    outcomes.push(...Array.from({ length: batch.edits }, () => outcome));
    if (outcome.kind !== 'applied') break;
  }
  while (outcomes.length < edits.length) outcomes.push({ kind: 'failed', temporary: true, detail: 'not tried, after the trouble before' });
  return outcomes;
}

/** As few as the limit of one batch allows; a set is never cut. */
function batchesOf(edits: readonly Edit<RowSet>[]): readonly { readonly edits: number; readonly operations: Batch }[] {
  const batches: { edits: number; size: number; operations: Batch }[] = [];
  for (const edit of edits) {
    const { update, create, remove } = stepsOf(edit);
    const size = update.length + create.length + remove.length;
    let batch = batches.at(-1);
    if (!batch || batch.size + size > BATCH_OPERATIONS_MAX) {
      batch = { edits: 0, size: 0, operations: { deletes: [], patches: [], posts: [] } };
      batches.push(batch);
    }
    batch.edits += 1;
    batch.size += size;
    batch.operations.deletes.push(...remove.map(({ id }) => ({ id })));
    batch.operations.patches.push(...update.map(({ row, value }) => ({ id: row.id, ...bodyOf(edit.after as RecordSet, value) })));
    batch.operations.posts.push(...create.map((value) => bodyOf(edit.after as RecordSet, value)));
  }
  return batches;
}

/** What Cloudflare says when a record is gone, or is already there: somebody was quicker. */
const OVERTAKEN = /does not exist|already exists|identical record/i;

async function writeBatch(call: ApiCall, zone: DnsZone, operations: Batch): Promise<ChangeOutcome> {
  try {
    await call.change('POST', `${recordsPath(zone)}/batch`, Object.fromEntries(Object.entries(operations).filter(([, list]) => list.length > 0)));
    return applied;
  } catch (error) {
    if (error instanceof ApiRefusal && OVERTAKEN.test(error.said)) return { kind: 'conflict', detail: error.message };
    return outcomeOf(error);
  }
}
