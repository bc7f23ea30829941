/**
 * One row of a zone in presentation form, as a zone file would have it, and its translation for the DNS codec. The lab's
 * zones are written down in this form because that is how people know DNS records.
 *
 * Forms of `value`: A, AAAA the address · CNAME, NS, PTR the name · MX `10 host` · TLSA `3 1 1 hex` ·
 * SRV `priority weight port target` · CAA `flags tag "value"` · TXT the text, or quoted character-strings, or a list of
 * character-strings. A trailing dot on names is allowed and ignored.
 */
import type { Answer } from 'dns-packet';

export interface ZoneRecord {
  readonly name: string;
  readonly type: string;
  /** Seconds; the lab shortens what is longer than its own (see LAB_TTL_SECONDS). */
  readonly ttl?: number;
  readonly value: string | readonly string[];
}

/** Short, so that a change of the weather is felt at once. */
export const LAB_TTL_SECONDS = 5;
/** RFC 1035 §3.3: a character-string holds at most 255 bytes. */
const CHARACTER_STRING_BYTES_MAX = 255;

/** Lower case, without the trailing dot. */
export function zoneName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** The record as the codec wants it; throws a plain Error for a type or value that no zone of the lab may have. */
export function toAnswer(record: ZoneRecord): Answer {
  const ttl = Math.min(record.ttl ?? LAB_TTL_SECONDS, LAB_TTL_SECONDS);
  const base = { name: zoneName(record.name), ttl, class: 'IN' as const };
  if (record.type === 'TXT') return { ...base, type: 'TXT', data: characterStrings(record.value) };
  const value = typeof record.value === 'string' ? record.value : record.value.join(' ');
  const words = value.trim().split(/\s+/);
  const word = (index: number): string => {
    const found = words[index];
    if (found === undefined) throw new Error(`zone record ${record.name} ${record.type}: "${value}" has too few fields`);
    return found;
  };
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { ...base, type: record.type, data: word(0) };
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return { ...base, type: record.type, data: zoneName(word(0)) };
    case 'MX':
      // RFC 7505 §3: the null MX has the root as its exchange.
      return { ...base, type: 'MX', data: { preference: Number(word(0)), exchange: zoneName(word(1)) || '.' } };
    case 'TLSA':
      return {
        ...base,
        type: 'TLSA',
        data: { usage: Number(word(0)), selector: Number(word(1)), matchingType: Number(word(2)), certificate: Buffer.from(words.slice(3).join(''), 'hex') },
      };
    case 'SRV':
      return {
        ...base,
        type: 'SRV',
        data: { priority: Number(word(0)), weight: Number(word(1)), port: Number(word(2)), target: zoneName(word(3)) },
      };
    case 'CAA':
      return { ...base, type: 'CAA', data: { flags: Number(word(0)), tag: word(1) as 'issue', value: words.slice(2).join(' ').replaceAll('"', '') } };
    default:
      throw new Error(`zone record ${record.name}: the lab does not serve records of type ${record.type}`);
  }
}

function characterStrings(value: string | readonly string[]): Buffer[] {
  const strings = typeof value === 'string' ? unquote(value) : value;
  return strings.flatMap((text) => pieces(Buffer.from(text, 'latin1')));
}

/** `"a" "b"` becomes two strings; anything else is one. */
function unquote(value: string): readonly string[] {
  if (!value.startsWith('"')) return [value];
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? '').replaceAll(/\\(.)/g, '$1'));
}

function pieces(bytes: Buffer): Buffer[] {
  if (bytes.length <= CHARACTER_STRING_BYTES_MAX) return [bytes];
  return [bytes.subarray(0, CHARACTER_STRING_BYTES_MAX), ...pieces(bytes.subarray(CHARACTER_STRING_BYTES_MAX))];
}
