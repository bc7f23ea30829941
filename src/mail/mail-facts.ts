/**
 * What a mailbox keeps about a message beside its bytes, read once when it arrives: the MIME structure, the first words
 * of the text (RFC 8970), when it was sent, and which messages it belongs to.
 */
import type { ByteSource } from '../base/byte-source.ts';
import { Semaphore } from '../base/semaphore.ts';
import { firstField, headerEnd, parseHeader } from './header.ts';
import { parseDate } from './date.ts';
import { type MimePart, parseMimeStructure } from './mime-structure.ts';
import { decodeText, htmlToText } from './text.ts';

export interface MailFactsRead {
  readonly structure: MimePart;
  readonly details: MailDetails;
}

export interface MailDetails {
  /** At most 200 characters (RFC 8970 §3.1). */
  readonly preview: string;
  /** Milliseconds since 1970; undefined without a Date that can be read. */
  readonly sentAt?: number;
  /** Without angle brackets. */
  readonly messageId?: string;
  /** Those of References in order, then those of In-Reply-To. */
  readonly references: readonly string[];
}

const PREVIEW_CHARS_MAX = 200;
/** So much of a text is decoded for its preview; more when that does not fill it, and most when that shows nothing or is HTML, which carries more markup than text. */
const PREVIEW_BYTES_FIRST = 256;
const PREVIEW_BYTES_READ = 1024;
const PREVIEW_BYTES_READ_MAX = 16 * 1024;
const REFERENCES_MAX = 1000;

/** Never throws for any bytes. */
export async function readMailFacts(source: ByteSource, into?: Buffer): Promise<MailFactsRead> {
  const bytes = source.inMemory ?? (await source.read(0, source.size, into));
  const structure = parseMimeStructure(bytes);
  return { structure, details: mailDetails(bytes, structure) };
}

/** Reads messages in files one after another into the same memory: together, or waiting to be collected, they could take all there is. */
export class MailFactsReader {
  readonly #turns = new Semaphore(1);
  #memory: Buffer | undefined;
  #waiting = 0;

  async read(source: ByteSource): Promise<MailFactsRead> {
    if (source.inMemory) return readMailFacts(source);
    this.#waiting += 1;
    try {
      return await this.#turns.run(() => {
        if (!this.#memory || this.#memory.length < source.size) this.#memory = Buffer.allocUnsafeSlow(source.size);
        return readMailFacts(source, this.#memory);
      });
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#memory = undefined;
    }
  }
}

export function mailDetails(bytes: Buffer, structure: MimePart): MailDetails {
  const end = headerEnd(bytes);
  const { fields } = parseHeader(end < 0 ? bytes : bytes.subarray(0, end));
  const sentAt = parseDate(firstField(fields, 'date')?.value ?? '');
  const messageId = messageIds(firstField(fields, 'message-id')?.value ?? '')[0];
  const references = [...messageIds(firstField(fields, 'references')?.value ?? ''), ...messageIds(firstField(fields, 'in-reply-to')?.value ?? '')];
  return {
    preview: previewOf(bytes, structure),
    ...(sentAt === undefined ? {} : { sentAt }),
    ...(messageId === undefined ? {} : { messageId }),
    references: [...new Set(references)].slice(0, REFERENCES_MAX),
  };
}

/** RFC 5322 §3.6.4: what stands in angle brackets; everything else in these fields is phrases of old programs. */
function messageIds(value: string): string[] {
  const found: string[] = [];
  for (let open = value.indexOf('<'); open >= 0; ) {
    const close = value.indexOf('>', open);
    if (close < 0) break;
    const id = value.slice(open + 1, close).replace(/\s+/g, '');
    if (id !== '') found.push(id);
    open = value.indexOf('<', close);
  }
  return found;
}

/** The text of the first part that a person would read, on one line. */
function previewOf(bytes: Buffer, structure: MimePart): string {
  const part = findText(structure);
  if (!part) return '';
  if (part.subtype !== 'html') {
    const first = isEncoded(part) ? '' : firstWords(bytes, part, PREVIEW_BYTES_FIRST);
    if (first.length >= PREVIEW_CHARS_MAX - 1) return first;
    const more = firstWords(bytes, part, PREVIEW_BYTES_READ);
    if (more !== '') return more;
  }
  return firstWords(bytes, part, PREVIEW_BYTES_READ_MAX);
}

function isEncoded({ encoding }: MimePart): boolean {
  return encoding === 'base64' || encoding === 'quoted-printable';
}

const ASCII = /^[\0-\x7f]*$/;
const ASCII_BLANKS = /[\0-\x20\x7f]+/g;
/** Of all writing: ten times as slow. */
const BLANKS = /[\s\p{Cc}\u200b-\u200f\u2060\ufeff\ufffd]+/gu;

function firstWords(bytes: Buffer, part: MimePart, bytesMax: number): string {
  const text = decodeText(bytes, { ...part, bodyEnd: Math.min(part.bodyEnd, part.bodyStart + bytesMax) });
  const shown = part.subtype === 'html' ? htmlToText(text) : text;
  const words = shown.replace(ASCII.test(shown) ? ASCII_BLANKS : BLANKS, ' ').trim();
  // Half a character at the end is none.
  return words.slice(0, PREVIEW_CHARS_MAX).replace(/[\ud800-\udbff]$/, '');
}

/** Plain text before HTML among alternatives; attachments are no text of the message. */
function findText(part: MimePart): MimePart | undefined {
  if (part.disposition?.type === 'attachment') return undefined;
  if (part.parts) {
    const found = part.parts.map(findText).filter((one) => one !== undefined);
    return part.subtype === 'alternative' ? (found.find((one) => one.subtype !== 'html') ?? found[0]) : found[0];
  }
  return part.type === 'text' ? part : undefined;
}
