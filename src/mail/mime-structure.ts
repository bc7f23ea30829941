/**
 * The MIME structure of a message (RFC 2045, 2046) with the byte offsets of each part: what IMAP BODYSTRUCTURE and
 * ENVELOPE tell, what a reader shows, what a DKIM or downgrade pass walks. A JSON value, stored beside the message.
 *
 * Policy: one pass over the bytes, bounded by MIME_LIMITS: deeper or further parts are left unopened as leaves. Lines
 * end a part only when they are exactly an active boundary; an outer boundary ends the inner parts that forgot theirs.
 */
import type { ByteSource } from '../base/byte-source.ts';
import { MIME_LIMITS } from '../base/mime-limits.ts';
import { firstField, parseHeader, type HeaderField } from './header.ts';
import { readEnvelope, type MimeEnvelope } from './mime-envelope.ts';
import { findParameter, parseStructuredField, type MimeParameter } from './mime-parameters.ts';

export type { MimeEnvelope, EnvelopeAddress } from './mime-envelope.ts';

export interface MimePart {
  /** Offsets into the parsed bytes; the body's end is exclusive and before the line end that belongs to a boundary. */
  readonly headerStart: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Line ends in the body; counted for text and message parts, else 0. */
  readonly lines: number;
  /** Lower case. */
  readonly type: string;
  readonly subtype: string;
  readonly parameters: readonly MimeParameter[];
  /** Content-Transfer-Encoding in lower case, default 7bit. */
  readonly encoding: string;
  readonly id?: string;
  readonly description?: string;
  readonly md5?: string;
  readonly disposition?: { readonly type: string; readonly parameters: readonly MimeParameter[] };
  readonly language?: readonly string[];
  readonly location?: string;
  /** Children of a multipart; at least one there, absent elsewhere. */
  readonly parts?: readonly MimePart[];
  /** The message inside message/rfc822 or message/global. */
  readonly message?: MimePart;
  /** Present on the outermost part and on each `message`. */
  readonly envelope?: MimeEnvelope;
}

/** Structure of a whole message in memory. Never throws for any bytes. */
export function parseMimeStructure(bytes: Buffer): MimePart {
  return new StructureParser(bytes).run();
}

/** The same for a source that may be a file; the message is read into memory for the pass. */
export async function parseMimeSource(source: ByteSource): Promise<MimePart> {
  return parseMimeStructure(source.inMemory ?? (await source.read()));
}

export function serializeStructure(part: MimePart): string {
  return JSON.stringify(part);
}

/** Only for text that serializeStructure made. */
export function parseStructure(json: string): MimePart {
  return JSON.parse(json) as MimePart;
}

interface Boundary {
  /** Which open multipart it belongs to; 0 is the outermost. */
  readonly level: number;
  readonly closing: boolean;
  /** End of the content before it, and start of what follows. */
  readonly contentEnd: number;
  readonly next: number;
}

interface Parsed {
  readonly part: MimePart;
  /** The boundary that ended it; undefined at the end of the message. */
  readonly stop: Boundary | undefined;
}

const LF = 10;
const CR = 13;
const DASH = 45;

class StructureParser {
  readonly #bytes: Buffer;
  /** Open boundaries, outermost first, and where each stands. */
  readonly #open: string[] = [];
  #partCount = 0;
  #headerBytesLeft: number = MIME_LIMITS.headersBytesMax;
  #addressesLeft: number = MIME_LIMITS.envelopeAddressesMax;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  run(): MimePart {
    return this.#entity(0, 0, 'text/plain', true).part;
  }

  #entity(start: number, depth: number, defaultType: string, isMessage: boolean): Parsed {
    this.#partCount += 1;
    const bodyStart = this.#headerEnd(start);
    const readable = Math.min(bodyStart - start, MIME_LIMITS.partHeaderBytesMax, this.#headerBytesLeft);
    this.#headerBytesLeft -= readable;
    const { fields } = parseHeader(this.#bytes.subarray(start, start + readable));
    const facts = describe(fields, defaultType);
    const head = { headerStart: start, bodyStart, ...facts, ...(isMessage && { envelope: this.#envelope(fields) }) };
    const mayOpen = depth < MIME_LIMITS.depthMax && this.#partCount < MIME_LIMITS.partsMax;
    const boundary = findParameter(facts.parameters, 'boundary');
    if (mayOpen && facts.type === 'multipart' && boundary) return this.#multipart(head, boundary, depth);
    if (mayOpen && isEmbeddedMessage(facts)) return this.#embedded(head, depth);
    return this.#leaf(facts.type === 'multipart' ? { ...head, type: 'text', subtype: 'plain' } : head);
  }

  #envelope(fields: readonly HeaderField[]): MimeEnvelope {
    const envelope = readEnvelope(fields, this.#addressesLeft);
    const { from, sender, replyTo, to, cc, bcc } = envelope;
    for (const list of [from, sender, replyTo, to, cc, bcc]) this.#addressesLeft = Math.max(0, this.#addressesLeft - list.length);
    return envelope;
  }

  #leaf(head: PartHead): Parsed {
    const stop = this.#nextBoundary(head.bodyStart);
    const bodyEnd = this.#endBefore(stop, head.bodyStart);
    const lines = head.type === 'text' || head.type === 'message' ? this.#countLines(head.bodyStart, bodyEnd) : 0;
    return { part: { ...head, bodyEnd, lines }, stop };
  }

  #embedded(head: PartHead, depth: number): Parsed {
    const inner = this.#entity(head.bodyStart, depth + 1, 'text/plain', true);
    const bodyEnd = Math.max(this.#endBefore(inner.stop, head.bodyStart), inner.part.bodyEnd);
    return { part: { ...head, bodyEnd, lines: this.#countLines(head.bodyStart, bodyEnd), message: inner.part }, stop: inner.stop };
  }

  #multipart(head: PartHead, boundary: string, depth: number): Parsed {
    const level = this.#open.push(boundary.slice(0, MIME_LIMITS.boundaryBytesMax)) - 1;
    const childType = head.subtype === 'digest' ? 'message/rfc822' : 'text/plain';
    const parts: MimePart[] = [];
    let stop = this.#nextBoundary(head.bodyStart);
    while (stop && stop.level === level && !stop.closing) {
      if (this.#partCount >= MIME_LIMITS.partsMax) {
        stop = this.#nextBoundary(stop.next);
        continue;
      }
      const child = this.#entity(stop.next, depth + 1, childType, false);
      parts.push(child.part);
      stop = child.stop;
    }
    this.#open.length = level;
    if (stop && stop.level === level) stop = this.#nextBoundary(stop.next);
    // An empty part directly before an outer boundary begins behind the line end that belongs to that boundary.
    const bodyEnd = Math.max(this.#endBefore(stop, head.bodyStart), parts.at(-1)?.bodyEnd ?? 0);
    if (parts.length === 0) parts.push(emptyPart(bodyEnd));
    return { part: { ...head, bodyEnd, lines: 0, parts }, stop };
  }

  #endBefore(stop: Boundary | undefined, bodyStart: number): number {
    return stop ? Math.max(bodyStart, stop.contentEnd) : this.#bytes.length;
  }

  /** Line by line, because a boundary may come before the empty line. */
  #headerEnd(start: number): number {
    const bytes = this.#bytes;
    let line = start;
    while (line < bytes.length) {
      const empty = bytes[line] === LF ? 1 : bytes[line] === CR && bytes[line + 1] === LF ? 2 : 0;
      // RFC 2046 §5.1.1: the line end before a delimiter belongs to it, also when it is the empty line.
      if (empty > 0) return this.#boundaryAt(line + empty) ? line : line + empty;
      if (this.#boundaryAt(line)) return Math.max(start, beforeLineEnd(bytes, line));
      const lf = bytes.indexOf(LF, line);
      if (lf < 0) return bytes.length;
      line = lf + 1;
    }
    return bytes.length;
  }

  #nextBoundary(from: number): Boundary | undefined {
    if (this.#open.length === 0) return undefined;
    const bytes = this.#bytes;
    if (from === 0 || bytes[from - 1] === LF) {
      const here = this.#boundaryAt(from);
      if (here) return here;
    }
    for (let lf = nextDashes(bytes, from); lf >= 0; lf = nextDashes(bytes, lf + 1)) {
      const found = this.#boundaryAt(lf + 1);
      if (found) return found;
    }
    return undefined;
  }

  /** RFC 2046 §5.1.1: `--boundary`, `--` when the last, blanks, line end. The innermost match counts. */
  #boundaryAt(line: number): Boundary | undefined {
    const bytes = this.#bytes;
    if (this.#open.length === 0 || bytes[line] !== DASH || bytes[line + 1] !== DASH) return undefined;
    const lf = bytes.indexOf(LF, line);
    const lineEnd = lf < 0 ? bytes.length : lf;
    // Longer lines cannot be one: 70 characters, four dashes, and some blanks at the end.
    if (lineEnd - line > MIME_LIMITS.boundaryBytesMax + 80) return undefined;
    const end = trimmedEnd(bytes, line + 2, lineEnd);
    if (!this.#mayBe(line + 2, end)) return undefined;
    const text = bytes.toString('latin1', line + 2, end);
    for (let level = this.#open.length - 1; level >= 0; level -= 1) {
      const boundary = this.#open[level] as string;
      const closing = text.length === boundary.length + 2 && text.endsWith('--') && text.startsWith(boundary);
      if (!closing && text !== boundary) continue;
      return { level, closing, contentEnd: beforeLineEnd(bytes, line), next: lf < 0 ? bytes.length : lf + 1 };
    }
    return undefined;
  }

  /** Whether the bytes have the length and the first byte of an open boundary: most lines with dashes need no more. */
  #mayBe(start: number, end: number): boolean {
    const length = end - start;
    const first = this.#bytes[start];
    return this.#open.some((boundary) => (length === boundary.length || length === boundary.length + 2) && boundary.charCodeAt(0) === first);
  }

  #countLines(start: number, end: number): number {
    let count = 0;
    for (let lf = this.#bytes.indexOf(LF, start); lf >= 0 && lf < end; lf = this.#bytes.indexOf(LF, lf + 1)) count += 1;
    return count;
  }
}

type PartFacts = Pick<MimePart, 'type' | 'subtype' | 'parameters' | 'encoding' | 'id' | 'description' | 'md5' | 'disposition' | 'language' | 'location'>;
type PartHead = PartFacts & Pick<MimePart, 'headerStart' | 'bodyStart' | 'envelope'>;

const NEAR_BYTES = 64;

/** Of the next line feed with two dashes behind it. By hand nearby: millions of short lines of dashes would each cost a call. */
function nextDashes(bytes: Buffer, from: number): number {
  const near = Math.min(from + NEAR_BYTES, bytes.length);
  for (let at = from; at < near; at += 1) if (bytes[at] === LF && bytes[at + 1] === DASH && bytes[at + 2] === DASH) return at;
  return bytes.indexOf('\n--', near);
}

/** As String.trimEnd on latin1. */
function trimmedEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(bytes[at - 1] as number)) at -= 1;
  return at;
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13) || byte === 160;
}

function beforeLineEnd(bytes: Buffer, line: number): number {
  if (line === 0) return 0;
  return line > 1 && bytes[line - 2] === CR ? line - 2 : line - 1;
}

function emptyPart(at: number): MimePart {
  return { headerStart: at, bodyStart: at, bodyEnd: at, lines: 0, type: 'text', subtype: 'plain', parameters: [], encoding: '7bit' };
}

/** RFC 2046 §5.2.1 allows no encoding that hides the message inside; RFC 6532 §3.7 allows them for message/global. */
function isEmbeddedMessage(facts: PartFacts): boolean {
  const plain = facts.encoding === '7bit' || facts.encoding === '8bit' || facts.encoding === 'binary';
  return plain && facts.type === 'message' && (facts.subtype === 'rfc822' || facts.subtype === 'global');
}

const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/;

function describe(fields: readonly HeaderField[], defaultType: string): PartFacts {
  const contentType = parseStructuredField(firstField(fields, 'content-type')?.value ?? defaultType);
  const slash = contentType.value.indexOf('/');
  const type = contentType.value.slice(0, Math.max(0, slash)).trim();
  const subtype = contentType.value.slice(slash + 1).trim();
  const valid = TOKEN.test(type) && TOKEN.test(subtype);
  // RFC 2045 §5.2: a Content-Type that cannot be read counts as text/plain.
  const disposition = firstField(fields, 'content-disposition');
  const dispositionField = disposition && parseStructuredField(disposition.value);
  const encoding = parseStructuredField(firstField(fields, 'content-transfer-encoding')?.value ?? '').value;
  const language = firstField(fields, 'content-language')?.value.split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
  return {
    type: valid ? type : 'text',
    subtype: valid ? subtype : 'plain',
    parameters: contentType.parameters,
    encoding: TOKEN.test(encoding) ? encoding : '7bit',
    ...textField(fields, 'content-id', 'id'),
    ...textField(fields, 'content-description', 'description'),
    ...textField(fields, 'content-md5', 'md5'),
    ...textField(fields, 'content-location', 'location'),
    ...(dispositionField && TOKEN.test(dispositionField.value) && { disposition: { type: dispositionField.value, parameters: dispositionField.parameters } }),
    ...(language?.length && { language }),
  };
}

function textField(fields: readonly HeaderField[], name: string, key: 'id' | 'description' | 'md5' | 'location'): Partial<Record<typeof key, string>> {
  const value = firstField(fields, name)?.value;
  return value ? { [key]: value } : {};
}
