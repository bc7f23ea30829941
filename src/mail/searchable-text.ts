/**
 * What can be looked for in a message: the decoded header, the fields of its parts, and the text of its text parts in
 * whatever charset and encoding.
 *
 * Policy: text as a reader sees it. Of HTML the words, not the tags; of a part that is no text its fields and its name.
 * The fields of a message inside belong to the body (RFC 9051 §6.4.4 lets BODY be flexible). Line ends are `\n`.
 */
import { decodeWords } from './encoded-word.ts';
import { parseHeader } from './header.ts';
import type { MimePart } from './mime-structure.ts';
import { findParameter } from './mime-parameters.ts';
import { decodeText, htmlToText } from './text.ts';

export interface SearchableText {
  /** Of the message: a line `name: value` each, names in lower case, decoded, unfolded; begins and ends with `\n`. */
  readonly header: string;
  /** The same of the parts, with attachment names. */
  readonly mime: string;
  readonly body: string;
  /** The body went on: the message must be read to know what is not in it. */
  readonly cut: boolean;
}

/** Between the texts of two parts, so that nothing is found across them. */
const PART_BREAK = '\n\u0001\n';

/** So many bytes are decoded for each character that is wanted: encodings and HTML take more than one. */
const BYTES_PER_CHAR = 3;

/** A piece of what the structure was parsed from; `end` exclusive. */
export type ReadPiece = (start: number, end: number) => Buffer;

/** Reads headers and texts, of these no more than is wanted. At most about `charsMax` characters of body. Throws only what `read` throws. */
export function searchableText(read: ReadPiece, structure: MimePart, charsMax: number): SearchableText {
  const texts: string[] = [];
  const fields: string[] = [];
  let chars = 0;
  let cut = false;
  const add = (text: string): void => {
    const room = charsMax - chars;
    if (text.length > room) cut = true;
    texts.push(text.length > room ? text.slice(0, Math.max(0, room)) : text);
    chars += text.length;
  };
  const visit = (part: MimePart, outermost: boolean): void => {
    if (!outermost) fields.push(partFields(read, part));
    if (part.parts) for (const child of part.parts) visit(child, false);
    else if (part.message) {
      add(headerOf(read, part.message));
      visit(part.message, true);
    } else if (part.type === 'text' && chars < charsMax) {
      const end = Math.min(part.bodyEnd, part.bodyStart + (charsMax - chars) * BYTES_PER_CHAR);
      if (end < part.bodyEnd) cut = true;
      const text = decodeText(read(part.bodyStart, end), { ...part, bodyStart: 0, bodyEnd: end - part.bodyStart });
      add(part.subtype === 'html' ? htmlToText(text) : text);
    } else if (part.type === 'text' && part.bodyEnd > part.bodyStart) cut = true;
  };
  visit(structure, true);
  return { header: headerOf(read, structure), mime: clean(fields.join('')), body: clean(texts.join(PART_BREAK)), cut };
}

/** The header of a message or part as lines; begins with `\n`. */
export function headerLines(header: Buffer): string {
  const { fields } = parseHeader(header);
  const lines = fields.filter(({ name }) => name !== '').map(({ lower, value }) => `${lower}: ${decodeWords(value).replace(/[\r\n]+/g, ' ')}\n`);
  return clean(`\n${lines.join('')}`);
}

function headerOf(read: ReadPiece, part: MimePart): string {
  return headerLines(read(part.headerStart, part.bodyStart));
}

function partFields(read: ReadPiece, part: MimePart): string {
  // RFC 2231 names are readable only when put together.
  const name = findParameter(part.disposition?.parameters ?? [], 'filename') ?? findParameter(part.parameters, 'name');
  return headerOf(read, part) + (name === undefined ? '' : `${name}\n`);
}

/** An index stops reading at a NUL. */
function clean(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', ' ') : text;
}
