/** Header fields that a test looks at: chosen by name, by place (RFC 5260 §6), and of which MIME part (RFC 5703 §4). */
import { localPartOf, domainOf, splitDetail } from '../../mail/address.ts';
import { findParameter, parseStructuredField } from '../../mail/mime-parameters.ts';
import type { AnyCall, Text } from '../program.ts';
import { isFieldName, type HeaderEntry, type HeaderState } from '../run/header-state.ts';
import type { Machine } from '../run/machine.ts';
import { walkParts } from '../run/part-text.ts';
import type { Report, TagSpec } from '../signature.ts';

export const INDEX_TAGS: readonly TagSpec[] = [
  { name: 'index', value: 'number', requires: ['index'] },
  { name: 'last', requires: ['index'] },
];

export const PART_TAGS: readonly TagSpec[] = [
  { name: 'mime', requires: ['mime'] },
  { name: 'anychild', requires: ['mime'] },
];

export const CONTENT_TAGS: readonly TagSpec[] = [
  { name: 'type', requires: ['mime'], group: 'mime option' },
  { name: 'subtype', requires: ['mime'], group: 'mime option' },
  { name: 'contenttype', requires: ['mime'], group: 'mime option' },
  { name: 'param', value: 'strings', requires: ['mime'], group: 'mime option' },
];

export const ADDRESS_TAGS: readonly TagSpec[] = [
  { name: 'all', group: 'address part' },
  { name: 'localpart', group: 'address part' },
  { name: 'domain', group: 'address part' },
  { name: 'user', group: 'address part', requires: ['subaddress'] },
  { name: 'detail', group: 'address part', requires: ['subaddress'] },
];

/** What the tags above need besides themselves. */
export function checkFieldTags(call: AnyCall, report: Report): void {
  if (call.tags.has('last') && !call.tags.has('index')) report.problem(call, '“:last” stands only with “:index”');
  if (call.tags.get('index') === 0) report.problem(call, '“:index” counts from 1');
  for (const tag of ['anychild', 'type', 'subtype', 'contenttype', 'param']) {
    if (call.tags.has(tag) && !call.tags.has('mime')) report.problem(call, `“:${tag}” stands only with “:mime”`);
  }
}

export function checkFieldNames(texts: readonly Text[], report: Report): void {
  for (const text of texts) {
    if (!text.parts && !isFieldName(text.source)) report.warning(text, `“${text.source}” is no name of a header field`);
  }
}

export interface ChosenField {
  readonly field: HeaderEntry;
  readonly header: HeaderState;
}

/** Names in their order, the fields of each from the top; one of them with :index. */
export async function chooseFields(call: AnyCall, machine: Machine, names: readonly string[]): Promise<ChosenField[]> {
  const headers = await headersOf(call, machine);
  const fields = headers.flatMap((header) => names.flatMap((name) => header.all(name).map((field) => ({ field, header }))));
  machine.meter.spend(0.05 * names.length * headers.reduce((sum, header) => sum + header.fields.length, 0));
  const index = call.tags.get('index');
  if (typeof index !== 'number') return fields;
  const chosen = fields.at(call.tags.has('last') ? -index : index - 1);
  return chosen ? [chosen] : [];
}

async function headersOf(call: AnyCall, machine: Machine): Promise<HeaderState[]> {
  const { message } = machine;
  if (!call.tags.has('mime')) return [message.header];
  const part = machine.loops.at(-1) ?? (await message.root());
  const parts = call.tags.has('anychild') ? [...walkParts(part)] : [part];
  return Promise.all(parts.map((each) => message.partHeader(each)));
}

/** The values of a field as `header` compares them: the text, or with a MIME option a piece of it (RFC 5703 §4.1). */
export function fieldValues(call: AnyCall, machine: Machine, { field, header }: ChosenField): string[] {
  const option = ['type', 'subtype', 'contenttype', 'param'].find((tag) => call.tags.has(tag));
  if (!option) return [header.text(field)];
  if (field.lower !== 'content-type' && field.lower !== 'content-disposition') return [];
  const { value, parameters } = parseStructuredField(field.value);
  if (option === 'param') return machine.strings(call.tags.get('param')).map((name) => findParameter(parameters, name.toLowerCase())).filter((text) => text !== undefined);
  const slash = value.indexOf('/');
  if (option === 'contenttype') return [value];
  if (option === 'type') return [slash < 0 ? value : value.slice(0, slash)];
  return [slash < 0 ? '' : value.slice(slash + 1)];
}

/** The part of an address that the tags ask for; undefined when it has none (RFC 5233 §4). */
export function addressPart(call: AnyCall, address: string, separator: string): string | undefined {
  if (call.tags.has('domain')) return isComplete(address) ? domainOf(address) : undefined;
  const local = unquoted(localPartOf(address));
  if (!call.tags.has('all') && PARTIAL.some((tag) => call.tags.has(tag)) && !isComplete(address)) return undefined;
  if (call.tags.has('localpart')) return local;
  if (call.tags.has('user')) return splitDetail(local, separator).base;
  if (call.tags.has('detail')) return splitDetail(local, separator).detail;
  return address;
}

const PARTIAL = ['localpart', 'user', 'detail'];

/** RFC 5228 §2.7.4: of what is no valid address only the whole is compared; the null sender is empty in all parts. */
function isComplete(address: string): boolean {
  return address === '' || (domainOf(address) !== '' && localPartOf(address) !== '');
}

function unquoted(local: string): string {
  return /^".*"$/s.test(local) ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : local;
}
