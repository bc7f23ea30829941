/**
 * Structured MIME fields: a value followed by parameters (RFC 2045 §5.1), with the continuations and charsets of
 * RFC 2231. Liberal: what can be read is read; never throws; linear in the length.
 */
import { decodeCharset, decodeWords } from './encoded-word.ts';

/** Name (lower case) and value, in order of first appearance. */
export type MimeParameter = readonly [name: string, value: string];

export interface StructuredField {
  /** What stands before the first `;`, in lower case. */
  readonly value: string;
  readonly parameters: readonly MimeParameter[];
}

const PARAMETERS_MAX = 100;
const SECTIONS_MAX = 200;

interface RawParameter {
  readonly name: string;
  readonly value: string;
}

/** `text` is the unfolded field value. */
export function parseStructuredField(text: string): StructuredField {
  const pieces = splitAtSemicolons(text);
  const raw: RawParameter[] = [];
  for (const piece of pieces.slice(1, PARAMETERS_MAX + SECTIONS_MAX)) {
    const equals = piece.indexOf('=');
    if (equals > 0) raw.push({ name: piece.slice(0, equals).trim().toLowerCase(), value: unquote(piece.slice(equals + 1).trim()) });
  }
  return { value: (pieces[0] ?? '').trim().toLowerCase(), parameters: assemble(raw) };
}

/** The first parameter of that (lower-case) name. */
export function findParameter(parameters: readonly MimeParameter[], name: string): string | undefined {
  return parameters.find(([key]) => key === name)?.[1];
}

/** Cuts at `;` outside quotes and comments; comments (RFC 2045 §5.1) are dropped. */
function splitAtSemicolons(text: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  let quoted = false;
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] as string;
    if (character === '\\' && (quoted || depth > 0)) {
      if (depth === 0) piece += character + (text[i + 1] ?? '');
      i += 1;
    } else if (character === '"' && depth === 0) {
      quoted = !quoted;
      piece += character;
    } else if (!quoted && character === '(') depth += 1;
    else if (!quoted && character === ')' && depth > 0) depth -= 1;
    else if (depth > 0) continue;
    else if (character === ';' && !quoted) {
      pieces.push(piece);
      piece = '';
    } else piece += character;
  }
  pieces.push(piece);
  return pieces;
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  const inner = text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text.slice(1);
  return inner.replace(/\\(.)/g, '$1');
}

/** RFC 2231 §3 and §4: `name*0*=`, `name*1=` … become one value. */
function assemble(raw: readonly RawParameter[]): MimeParameter[] {
  const plain = new Map<string, string>();
  const sections = new Map<string, Map<number, { value: string; encoded: boolean }>>();
  for (const { name, value } of raw) {
    const match = /^([^*]+)\*(?:(\d{1,3})(\*)?)?$/.exec(name);
    if (!match) {
      if (plain.size < PARAMETERS_MAX && !plain.has(name)) plain.set(name, decodeWords(value));
      continue;
    }
    const base = match[1] as string;
    const parts = sections.get(base) ?? new Map<number, { value: string; encoded: boolean }>();
    parts.set(Number(match[2] ?? 0), { value, encoded: match[2] === undefined || match[3] !== undefined });
    if (sections.size < PARAMETERS_MAX || sections.has(base)) sections.set(base, parts);
  }
  for (const [name, parts] of sections) plain.set(name, joinSections(parts));
  return [...plain];
}

function joinSections(parts: ReadonlyMap<number, { value: string; encoded: boolean }>): string {
  let charset = '';
  const pieces: Buffer[] = [];
  for (let i = 0; parts.has(i); i += 1) {
    const part = parts.get(i) as { value: string; encoded: boolean };
    let value = part.value;
    if (i === 0 && part.encoded) {
      const match = /^([^']*)'[^']*'/.exec(value);
      if (match) {
        charset = match[1] ?? '';
        value = value.slice(match[0].length);
      }
    }
    pieces.push(part.encoded ? percentDecode(value) : Buffer.from(value));
  }
  return decodeCharset(Buffer.concat(pieces), charset || 'utf-8').replace(/\p{Cc}/gu, ' ');
}

function percentDecode(text: string): Buffer {
  const latin1 = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return /[^\0-\xff]/.test(latin1) ? Buffer.from(text) : Buffer.from(latin1, 'latin1');
}
