/**
 * Where a section of BODY[…] lies in a message (RFC 9051 §6.4.5.1), from the offsets of the stored structure, and the
 * fields that HEADER.FIELDS picks from a header.
 */
import type { MimePart } from '../../../mail/mime-structure.ts';
import type { Partial, Section } from '../../../wire/imap/fetch-items.ts';

/** Offsets into the message; `end` exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** RFC 9051 §6.4.5: the octets that there are of those asked for. */
export function partOf({ start, end }: ByteRange, partial: Partial | undefined): ByteRange {
  if (!partial) return { start, end };
  const from = Math.min(end, start + partial.start);
  return { start: from, end: Math.min(end, from + partial.count) };
}

/** The part that a number names; undefined: there is none. `path` is not empty. */
export function findPart(structure: MimePart, path: readonly number[]): MimePart | undefined {
  let part: MimePart = structure;
  let isMessage = true;
  for (const number of path) {
    if (!isMessage && part.message) {
      part = part.message;
      isMessage = true;
    }
    // RFC 9051 §6.4.5.1: a message that is no multipart has one part, number 1.
    const child: MimePart | undefined = part.parts ? part.parts[number - 1] : isMessage && number === 1 ? part : undefined;
    if (!child) return undefined;
    part = child;
    isMessage = false;
  }
  return part;
}

/** Where it lies, of `fields` and `fields-not` the header that they are picked from; undefined: the message has no such section. */
export function sectionRange(structure: MimePart, section: Section, sizeBytes: number): ByteRange | undefined {
  if (section.part.length === 0) return section.text === 'all' ? { start: 0, end: sizeBytes } : messageRange(structure, section.text);
  const part = findPart(structure, section.part);
  if (!part) return undefined;
  if (section.text === 'all') return { start: part.bodyStart, end: part.bodyEnd };
  if (section.text === 'mime') return { start: part.headerStart, end: part.bodyStart };
  // HEADER and TEXT of a part exist where a message is inside.
  return part.message && messageRange(part.message, section.text);
}

function messageRange(message: MimePart, text: Section['text']): ByteRange {
  if (text === 'text') return { start: message.bodyStart, end: message.bodyEnd };
  return { start: message.headerStart, end: message.bodyStart };
}

const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;
const END = Buffer.from('\r\n');

/** Picks fields by name, in the order and with the bytes of the message, and ends with an empty line (RFC 9051 §6.4.5.1). */
export class FieldFilter {
  readonly #names: ReadonlySet<string>;
  readonly #without: boolean;

  /** `without`: all but these. */
  constructor(names: readonly string[], without: boolean) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    this.#without = without;
  }

  pick(header: Buffer): Buffer {
    const pieces: Buffer[] = [];
    let from = -1;
    let start = 0;
    while (start < header.length && !isEmptyLine(header, start)) {
      const end = fieldEnd(header, start);
      const wanted = this.#names.has(nameAt(header, start, end)) !== this.#without;
      if (wanted && from < 0) from = start;
      if (!wanted && from >= 0) {
        pieces.push(header.subarray(from, start));
        from = -1;
      }
      start = end;
    }
    if (from >= 0) pieces.push(header.subarray(from, start), ...(header[start - 1] === LF ? [] : [END]));
    pieces.push(END);
    return pieces.length === 1 ? END : Buffer.concat(pieces);
  }
}

function isEmptyLine(header: Buffer, start: number): boolean {
  return header[start] === LF || (header[start] === 13 && header[start + 1] === LF);
}

function fieldEnd(header: Buffer, start: number): number {
  for (let lf = header.indexOf(LF, start); lf >= 0; lf = header.indexOf(LF, lf + 1)) {
    const next = header[lf + 1];
    if (next !== SPACE && next !== TAB) return lf + 1;
  }
  return header.length;
}

/** In lower case; '' for a line that is no field. */
function nameAt(header: Buffer, start: number, end: number): string {
  let colon = start;
  while (colon < end && header[colon] !== COLON && header[colon] !== LF) colon += 1;
  if (header[colon] !== COLON) return '';
  return header.toString('latin1', start, colon).trimEnd().toLowerCase();
}
