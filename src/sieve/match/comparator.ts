/** Comparators (RFC 4790 §9, RFC 5051): when two texts are the same, and which comes first. */
import { isAscii } from 'node:buffer';
import type { Comparator } from '../program.ts';

export const COMPARATORS: readonly Comparator[] = ['i;octet', 'i;ascii-casemap', 'i;ascii-numeric', 'i;unicode-casemap'];

/** RFC 4790 §9.1.1: numbers have no substrings. */
export function hasSubstrings(comparator: Comparator): boolean {
  return comparator !== 'i;ascii-numeric';
}

/** Texts that are equal under the comparator fold to the same text; not for i;ascii-numeric. */
export function fold(comparator: Comparator, text: string): string {
  if (comparator === 'i;octet') return text;
  if (comparator === 'i;unicode-casemap') return text.normalize('NFKD').toUpperCase().normalize('NFKD');
  const bytes = Buffer.from(text);
  return isAscii(bytes) ? text.toUpperCase() : upperAscii(bytes).toString();
}

/** In place. Megabytes of text come by here, so no search for letters. */
function upperAscii(bytes: Buffer): Buffer {
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] as number;
    if (byte >= 97 && byte <= 122) bytes[i] = byte - 32;
  }
  return bytes;
}

/** The same for one code point, where positions must stay: wildcards and regexes. */
export function foldPoint(comparator: Comparator, point: number): number {
  if (comparator === 'i;octet') return point;
  if (point < 128) return point >= 97 && point <= 122 ? point - 32 : point;
  if (comparator !== 'i;unicode-casemap') return point;
  const upper = String.fromCodePoint(point).toUpperCase();
  return upper.length > 2 ? point : (upper.codePointAt(0) as number);
}

/** Below 0: `a` comes first. */
export function order(comparator: Comparator, a: string, b: string): number {
  if (comparator === 'i;ascii-numeric') return orderNumbers(leadingDigits(a), leadingDigits(b));
  return Buffer.compare(Buffer.from(fold(comparator, a)), Buffer.from(fold(comparator, b)));
}

export function equal(comparator: Comparator, a: string, b: string): boolean {
  if (comparator === 'i;ascii-numeric') return order(comparator, a, b) === 0;
  return fold(comparator, a) === fold(comparator, b);
}

/** RFC 4790 §9.1.1: without the zeros in front; undefined, which is more than all numbers, when it begins with no digit. */
function leadingDigits(text: string): string | undefined {
  return /^0*([0-9]*)/.exec(text)?.[1] || (text.startsWith('0') ? '' : undefined);
}

function orderNumbers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
