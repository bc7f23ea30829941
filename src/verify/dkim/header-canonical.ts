/**
 * Header fields in canonical form (RFC 6376 §3.4.1, §3.4.2) and the choice of the fields that `h=` names (§5.4.2).
 * Text is latin1 throughout: one character is one byte.
 */
import type { HeaderField } from '../../mail/header.ts';
import type { Canonicalization } from './body-hasher.ts';

/** The field with its final CRLF. */
export function canonicalField(raw: Buffer, form: Canonicalization): string {
  const text = raw.toString('latin1');
  if (form === 'simple') return text.endsWith('\r\n') ? text : `${text}\r\n`;
  return relaxedField(text);
}

/** `text` is `Name: value`, folded or not, with or without the final CRLF. */
export function relaxedField(text: string): string {
  const colon = text.indexOf(':');
  const name = text.slice(0, colon).trim().toLowerCase();
  const value = text
    .slice(colon + 1)
    .replace(/\r?\n/g, '')
    .replace(/[ \t]+/g, ' ');
  return `${name}:${trimBlanks(value)}\r\n`;
}

/** Only blanks: trim() would also take bytes such as 0xa0, which the signer kept. */
function trimBlanks(text: string): string {
  const start = text.startsWith(' ') ? 1 : 0;
  const end = text.endsWith(' ') ? text.length - 1 : text.length;
  return start < end ? text.slice(start, end) : '';
}

/** The field without the value of its b= tag and without the final CRLF (RFC 6376 §3.7). */
export function canonicalSignatureField(raw: Buffer, form: Canonicalization): string {
  const text = raw.toString('latin1');
  const canonical = form === 'simple' ? withoutSignature(text) : relaxedField(withoutSignature(text));
  return canonical.endsWith('\r\n') ? canonical.slice(0, -2) : canonical;
}

/** Empties the value of the one tag named `b`. The tag list has been parsed before, so tags are separated by `;`. */
function withoutSignature(text: string): string {
  let start = text.indexOf(':') + 1;
  while (start < text.length) {
    const semicolon = text.indexOf(';', start);
    const end = semicolon < 0 ? text.length : semicolon;
    const equals = text.indexOf('=', start);
    if (equals >= 0 && equals < end && text.slice(start, equals).trim() === 'b') {
      // The final line end belongs to the field, not to the value.
      const lineEnd = semicolon < 0 && text.endsWith('\r\n') ? '\r\n' : '';
      return text.slice(0, equals + 1) + (semicolon < 0 ? lineEnd : text.slice(end));
    }
    start = end + 1;
  }
  return text;
}

/**
 * The fields to sign, in the order of `names`: each further mention of a name takes the next field of that name from
 * the bottom up, and nothing when there is none left.
 */
export function selectFields(fields: readonly HeaderField[], names: readonly string[]): HeaderField[] {
  const byName = new Map<string, HeaderField[]>();
  for (const field of fields) {
    const group = byName.get(field.lower);
    if (group) group.push(field);
    else byName.set(field.lower, [field]);
  }
  const taken = new Map<string, number>();
  const selected: HeaderField[] = [];
  for (const name of names) {
    const count = taken.get(name) ?? 0;
    const group = byName.get(name);
    const field = group?.[group.length - 1 - count];
    taken.set(name, count + 1);
    if (field) selected.push(field);
  }
  return selected;
}
