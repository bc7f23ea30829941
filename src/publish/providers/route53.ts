/**
 * Amazon Route 53, API 2013-04-01 (docs.aws.amazon.com/Route53/latest/APIReference, read 2026-11): XML, signed requests. Sets
 * are whole, and a change batch is one transaction. A set is replaced by deleting it exactly as it was read and creating the
 * new one, so that Route 53 itself refuses when somebody was quicker. Names and TXT values have octets as \ooo in octal,
 * `*` among them. Aliases and sets with a routing policy are left alone; private zones are not listed. Throttling is an
 * error of status 400, as is the refusal while another change of the zone is on its way.
 */
import type { ChangeOutcome, DnsProvider, DnsZone, RecordSet } from '../../contract/dns-publishing.ts';
import { allPages, ApiRefusal, DnsApi, type ApiCall } from './dns-api.ts';
import { awsSignature } from './aws-signature.ts';
import { elementAt, elementsAt, escapeXml, readXml, type XmlElement } from './plain-xml.ts';
import type { ProviderParts } from './provider-type.ts';
import { tidyValue, publishable, readStrings, withoutDot, writeStrings, zoneName } from '../record-value.ts';
import { applied, createZoneProvider, outcomeOf, type Edit, type HeldSet, type ZoneApi } from './zone-provider.ts';

const TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'HTTPS', 'MX', 'PTR', 'SRV', 'SVCB', 'TLSA', 'TXT'] as const;
const TTL_MAX = 2_147_483_647;
const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';
const BASE = '/2013-04-01/hostedzone';
const ZONES_PER_PAGE = 100;
const SETS_PER_PAGE = 300;
/** Of one batch. */
const VALUES_MAX = 1000;
const VALUE_CHARS_MAX = 32_000;

interface Route53Set extends HeldSet {
  /** As they were read, to be named exactly when they are deleted. */
  readonly raw: readonly string[];
  readonly rawName: string;
}

export function createRoute53(parts: ProviderParts): DnsProvider {
  const api = new DnsApi(parts, {
    title: 'Route 53', url: 'https://route53.amazonaws.com', secretFiles: ['secret-file'], mediaType: 'application/xml',
    authorize: ({ method, path, body }, secrets, { host, port, basePath, secure }) => awsSignature(
      { method, path: `${basePath}${path}`, host: port === (secure ? 443 : 80) ? host : `${host}:${port}`, body: body?.text ?? '' },
      { accessKeyId: parts.settings['access-key-id'] ?? '', secretKey: secrets['secret-file'] ?? '', region: 'us-east-1', service: 'route53', now: parts.clock.now() },
    ),
    explain,
    throttled: ({ status, text }) => status === 429 || (status === 400 && /<Code>(?:Throttling|PriorRequestNotComplete)<\/Code>/.test(text)),
  });
  const zoneApi: ZoneApi<Route53Set> = {
    api, types: TYPES, atomic: true, guarded: true,
    ttl: (seconds) => Math.min(TTL_MAX, seconds),
    zones: (call) => allPages(call, '', (marker) => zonePage(call, marker)),
    sets: (call, zone) => allPages(call, '', (after) => setPage(call, zone, after)),
    write: writeBatches,
  };
  return createZoneProvider(parts.label, zoneApi);
}

/** `ErrorResponse`, or `InvalidChangeBatch` with a list of messages. */
function explain(text: string): string {
  const document = readXml(text);
  const error = elementAt(document, 'Error');
  if (error) return [elementAt(error, 'Code')?.text, elementAt(error, 'Message')?.text].filter(Boolean).join(': ');
  const messages = elementsAt(document, 'Messages', 'Message').map((message) => message.text);
  return document === undefined ? '' : `${document.name}: ${messages.join('; ')}`;
}

async function ask(call: ApiCall, path: string, root: string): Promise<XmlElement> {
  const { text } = await call.send({ method: 'GET', path });
  const document = readXml(text);
  if (document?.name !== root) throw call.unreachable(`its answer is no ${root}`);
  return document;
}

async function zonePage(call: ApiCall, marker: string): Promise<{ items: readonly DnsZone[]; next: string | undefined }> {
  const page = await ask(call, `${BASE}?${marker === '' ? '' : `marker=${encodeURIComponent(marker)}&`}maxitems=${ZONES_PER_PAGE}`, 'ListHostedZonesResponse');
  const items = elementsAt(page, 'HostedZones', 'HostedZone').flatMap((zone) => {
    const id = elementAt(zone, 'Id')?.text.split('/').at(-1);
    const name = elementAt(zone, 'Name')?.text;
    const hidden = elementAt(zone, 'Config', 'PrivateZone')?.text === 'true';
    return id === undefined || name === undefined || hidden ? [] : [{ id, name: zoneName(octal(name)) }];
  });
  return { items, next: elementAt(page, 'IsTruncated')?.text === 'true' ? elementAt(page, 'NextMarker')?.text : undefined };
}

async function setPage(call: ApiCall, zone: DnsZone, query: string): Promise<{ items: readonly Route53Set[]; next: string | undefined }> {
  const page = await ask(call, `${BASE}/${encodeURIComponent(zone.id)}/rrset?${query === '' ? '' : `${query}&`}maxitems=${SETS_PER_PAGE}`, 'ListResourceRecordSetsResponse');
  const following = [['identifier', 'NextRecordIdentifier'], ['name', 'NextRecordName'], ['type', 'NextRecordType']] as const;
  const next = following.flatMap(([key, name]) => {
    const text = elementAt(page, name)?.text;
    return text === undefined ? [] : [`${key}=${awsEncoded(text)}`];
  });
  return { items: elementsAt(page, 'ResourceRecordSets', 'ResourceRecordSet').flatMap(setOf), next: elementAt(page, 'IsTruncated')?.text === 'true' ? next.join('&') : undefined };
}

/** As encodeURIComponent, with the five characters that AWS wants encoded, too. */
function awsEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function setOf(element: XmlElement): readonly Route53Set[] {
  const type = publishable(elementAt(element, 'Type')?.text ?? '', TYPES);
  const rawName = elementAt(element, 'Name')?.text;
  if (!type || rawName === undefined) return [];
  const raw = elementsAt(element, 'ResourceRecords', 'ResourceRecord').map((record) => elementAt(record, 'Value')?.text ?? '');
  const values = raw.map((value) => tidyValue(type, type === 'TXT' ? decimalTxt(value) : value));
  const special = elementAt(element, 'AliasTarget') ? 'it is an alias' : elementAt(element, 'SetIdentifier') ? 'it has a routing policy' : undefined;
  return [{ name: withoutDot(octal(rawName)), type, ttlSeconds: Number(elementAt(element, 'TTL')?.text ?? 0), values, raw, rawName, ...(special !== undefined && { special: `${special} in Route 53` }) }];
}

/** `\052` is `*`. */
function octal(name: string): string {
  return name.replace(/\\([0-3][0-7]{2})/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function decimalTxt(value: string): string {
  const strings = readStrings(value, 8);
  return strings ? writeStrings(strings) : value;
}

function octalTxt(value: string): string {
  const strings = readStrings(value);
  return strings ? writeStrings(strings, 8) : value;
}

interface Batch {
  edits: number;
  values: number;
  chars: number;
  changes: string;
}

async function writeBatches(call: ApiCall, zone: DnsZone, edits: readonly Edit<Route53Set>[]): Promise<readonly ChangeOutcome[]> {
  const outcomes: ChangeOutcome[] = [];
  for (const { edits: count, changes } of batchesOf(edits)) {
    const outcome = await writeBatch(call, zone, changes);
    outcomes.push(...Array.from({ length: count }, () => outcome));
    if (outcome.kind !== 'applied') break;
  }
  while (outcomes.length < edits.length) outcomes.push({ kind: 'failed', temporary: true, detail: 'not tried, after the trouble before' });
  return outcomes;
}

function batchesOf(edits: readonly Edit<Route53Set>[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (const { now, after } of edits) {
    const values = after?.values.map((value) => (after.type === 'TXT' ? octalTxt(value) : tidyValue(after.type, value))) ?? [];
    const all = [...(now?.raw ?? []), ...values];
    const chars = all.join('').length;
    let batch = batches.at(-1);
    if (!batch || batch.values + all.length > VALUES_MAX || batch.chars + chars > VALUE_CHARS_MAX) {
      batch = { edits: 0, values: 0, chars: 0, changes: '' };
      batches.push(batch);
    }
    batch.edits += 1;
    batch.values += all.length;
    batch.chars += chars;
    if (now) batch.changes += changeXml('DELETE', now.rawName, now, now.raw);
    if (after) batch.changes += changeXml('CREATE', `${after.name}.`, after, values);
  }
  return batches;
}

function changeXml(action: 'CREATE' | 'DELETE', name: string, { type, ttlSeconds }: RecordSet, values: readonly string[]): string {
  const records = values.map((value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`).join('');
  return `<Change><Action>${action}</Action><ResourceRecordSet><Name>${escapeXml(name)}</Name><Type>${type}</Type><TTL>${ttlSeconds}</TTL><ResourceRecords>${records}</ResourceRecords></ResourceRecordSet></Change>`;
}

/** What InvalidChangeBatch says when what is deleted is not there any more, or what is created is. */
const OVERTAKEN = /but it (?:already exists|was not found)|do not match/i;

async function writeBatch(call: ApiCall, zone: DnsZone, changes: string): Promise<ChangeOutcome> {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<ChangeResourceRecordSetsRequest xmlns="${NAMESPACE}"><ChangeBatch><Comment>Posthorn</Comment><Changes>${changes}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
  try {
    await call.send({ method: 'POST', path: `${BASE}/${encodeURIComponent(zone.id)}/rrset`, body: { mediaType: 'application/xml', text } });
    return applied;
  } catch (error) {
    if (error instanceof ApiRefusal && OVERTAKEN.test(error.said)) return { kind: 'conflict', detail: error.message };
    return outcomeOf(error);
  }
}
