/**
 * The header of a message as fields with their exact bytes and offsets (RFC 5322 §2.2).
 *
 * Policy: the header ends at the first empty line, whatever stands before it; a line that is no field is kept as a
 * nameless one and named in `problems`, so that the bytes of all fields joined are always the header. CRLF is the line
 * end; a bare LF is understood too, because files on disk have it. Never throws for any input.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { MIME_LIMITS } from '../base/mime-limits.ts';

export interface HeaderField {
  /** As written; '' for a line that is no field. */
  readonly name: string;
  /** The name in lower case. */
  readonly lower: string;
  /** The whole field: name, colon, value, folds and the final line end, exactly as in the message. */
  readonly raw: Buffer;
  /** Unfolded and trimmed; UTF-8 when the bytes are valid UTF-8, else latin1. Encoded words are not decoded. */
  readonly value: string;
  /** Offsets into the bytes given to parseHeader; `end` exclusive. */
  readonly start: number;
  readonly end: number;
}

export interface ParsedHeader {
  readonly fields: HeaderField[];
  /** Offset of the body: behind the empty line, or the length when there is none. */
  readonly bodyOffset: number;
  /** One sentence for each oddity; empty for a well formed header. */
  readonly problems: string[];
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const COLON = 58;

/** Bytes as text: UTF-8 when they are valid UTF-8, else latin1, so that no byte is lost. */
export function textOf(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
}

/** Joins folded lines (RFC 5322 §2.2.3) and trims. */
export function unfold(text: string): string {
  if (text.indexOf('\n') < 0) return text.trim();
  return text.replace(/\r?\n/g, '').trim();
}

/** Where the body begins: the offset behind the first empty line; -1 when there is none. */
export function headerEnd(bytes: Buffer): number {
  if (bytes[0] === LF) return 1;
  if (bytes[0] === CR && bytes[1] === LF) return 2;
  const crlf = bytes.indexOf('\n\r\n');
  const reach = crlf < 0 ? bytes.length : crlf + 1;
  const lf = bytes.subarray(0, reach).indexOf('\n\n');
  if (lf >= 0) return lf + 2;
  return crlf < 0 ? -1 : crlf + 3;
}

/** Reads the value only when it is asked for: most fields of most messages never are. */
class Field implements HeaderField {
  readonly name: string;
  readonly lower: string;
  readonly raw: Buffer;
  readonly start: number;
  readonly end: number;
  readonly #valueOffset: number;
  #value: string | undefined;

  constructor(name: string, raw: Buffer, valueOffset: number, start: number) {
    this.name = name;
    this.lower = name.toLowerCase();
    this.raw = raw;
    this.start = start;
    this.end = start + raw.length;
    this.#valueOffset = valueOffset;
  }

  get value(): string {
    this.#value ??= unfold(textOf(this.raw.subarray(this.#valueOffset)));
    return this.#value;
  }
}

/** `bytes` may be a whole message or just its header. At most MIME_LIMITS.headerFieldsMax fields are read. */
export function parseHeader(bytes: Buffer): ParsedHeader {
  const fields: HeaderField[] = [];
  const problems: string[] = [];
  const bodyOffset = headerEnd(bytes);
  const headerLimit = bodyOffset < 0 ? bytes.length : emptyLineStart(bytes, bodyOffset);
  let start = 0;
  while (start < headerLimit) {
    if (fields.length === MIME_LIMITS.headerFieldsMax) {
      problems.push(`more than ${MIME_LIMITS.headerFieldsMax} header fields`);
      break;
    }
    const end = fieldEnd(bytes, start, headerLimit);
    fields.push(readField(bytes, start, end, problems));
    start = end;
  }
  return { fields, bodyOffset: bodyOffset < 0 ? bytes.length : bodyOffset, problems };
}

function emptyLineStart(bytes: Buffer, bodyOffset: number): number {
  const lf = bodyOffset - 1;
  return lf > 0 && bytes[lf - 1] === CR ? lf - 1 : lf;
}

function fieldEnd(bytes: Buffer, start: number, limit: number): number {
  let position = start;
  for (;;) {
    const lf = bytes.indexOf(LF, position);
    if (lf < 0 || lf + 1 >= limit) return limit;
    const next = bytes[lf + 1];
    if (next !== SPACE && next !== TAB) return lf + 1;
    position = lf + 1;
  }
}

function readField(bytes: Buffer, start: number, end: number, problems: string[]): HeaderField {
  const raw = bytes.subarray(start, end);
  const colon = raw.indexOf(COLON);
  // RFC 5322 §4.5: obsolete syntax allows blanks before the colon.
  let nameEnd = colon;
  while (nameEnd > 0 && (raw[nameEnd - 1] === SPACE || raw[nameEnd - 1] === TAB)) nameEnd -= 1;
  if (colon <= 0 || !isFieldName(raw, nameEnd)) {
    problems.push(start === 0 && raw[0] === SPACE ? 'the header begins with a blank' : 'a header line is no field');
    return new Field('', raw, 0, start);
  }
  return new Field(raw.toString('latin1', 0, nameEnd), raw, colon + 1, start);
}

/** RFC 5322 §2.2: printable US-ASCII except colon. */
function isFieldName(raw: Buffer, length: number): boolean {
  for (let i = 0; i < length; i += 1) {
    const byte = raw[i] as number;
    if (byte < 33 || byte > 126) return false;
  }
  return length > 0;
}

/** The first (topmost) field of that name, whatever its case. */
export function firstField(fields: readonly HeaderField[], name: string): HeaderField | undefined {
  const lower = name.toLowerCase();
  return fields.find((field) => field.lower === lower);
}

/** All fields of that name, from the top. */
export function allFields(fields: readonly HeaderField[], name: string): HeaderField[] {
  const lower = name.toLowerCase();
  return fields.filter((field) => field.lower === lower);
}

/** The same bytes without the fields that the predicate picks; the very same buffer when it picks none. */
export function removeFields(bytes: Buffer, predicate: (field: HeaderField) => boolean): Buffer {
  const doomed = parseHeader(bytes).fields.filter(predicate);
  if (doomed.length === 0) return bytes;
  const kept: Buffer[] = [];
  let position = 0;
  for (const field of doomed) {
    kept.push(bytes.subarray(position, field.start));
    position = field.end;
  }
  kept.push(bytes.subarray(position));
  return Buffer.concat(kept);
}

/**
 * `Name: value` folded at blanks to lines of at most `width` characters where blanks allow it, with the final CRLF.
 * Line ends inside the value become blanks, so that no value can add a field. The value must be encoded already.
 */
export function foldField(name: string, value: string, width = 78): string {
  const clean = value.replace(/[\r\n\0]+/g, ' ');
  const lines: string[] = [];
  let line = `${name}:`;
  for (const word of clean.split(' ')) {
    if (word === '') continue;
    const fits = line.length + 1 + word.length <= width;
    if (fits || line === `${name}:` || line.trim() === '') {
      line += ` ${word}`;
    } else {
      lines.push(line);
      line = ` ${word}`;
    }
  }
  lines.push(line);
  return `${lines.join('\r\n')}\r\n`;
}
