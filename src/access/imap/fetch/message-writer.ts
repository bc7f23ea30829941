/**
 * Writes the FETCH answer of one message (RFC 9051 §7.5.2): every item from the columns of the folder, the stored
 * structure and, where sections are asked for, the bytes of the message.
 *
 * Policy: what lies in memory is written without waiting; only large sections and decoded parts make promises. A NUL,
 * which no literal but literal8 may hold, is told as byte 0x80, so that all sizes stay right.
 */
import { BufferSource, type ByteSource } from '../../../base/byte-source.ts';
import type { MailFacts, MailPiece } from '../../../contract/mailbox.ts';
import type { MimePart } from '../../../mail/mime-structure.ts';
import { decodeTransferEncoding } from '../../../mail/transfer-encoding.ts';
import { formatDateTime } from '../../../wire/imap/date-time.ts';
import { formatSection, type FetchItem, type Partial } from '../../../wire/imap/fetch-items.ts';
import type { ResponseBatch } from '../../../wire/imap/response-batch.ts';
import type { FolderRows } from '../../mailbox/folder-rows.ts';
import { locateBinary } from './binary-part.ts';
import type { FetchPlan } from './fetch-plan.ts';
import { imapString } from './imap-string.ts';
import { FieldFilter, partOf, sectionRange, type ByteRange } from './section-bytes.ts';
import type { StructureItem, StructureTexts } from './structure-texts.ts';

/** One message, with what the plan asked for. */
export interface FetchedMessage {
  /** The number that the client knows it by: sequence number, or UID with UIDONLY. */
  readonly number: number;
  /** In `rows`. */
  readonly index: number;
  readonly rows: FolderRows;
  readonly facts: MailFacts | undefined;
  /** The plan's structure items, as they are told. */
  readonly texts: readonly string[];
  /** With all bytes that the plan needs. */
  readonly content: MailPiece | undefined;
}

export interface MessageWriterOptions {
  readonly out: ResponseBatch;
  readonly structures: StructureTexts;
  readonly utf8: boolean;
  /** RFC 9586: `n UIDFETCH`, and n is the UID. */
  readonly uidOnly: boolean;
  /** From this UID on messages are \Recent to the session; undefined: the flag is not told (IMAP4rev2). */
  readonly recentFrom?: (uid: number) => boolean;
  readonly sendLiteral: (content: ByteSource, options: { readonly start: number; readonly end: number; readonly binary?: boolean }) => Promise<void>;
}

type SectionItem = Extract<FetchItem, { kind: 'section' }>;
type BinaryItem = Extract<FetchItem, { kind: 'binary' | 'binary.size' }>;

/** So many characters of short answers are gathered. */
const GATHERED_CHARS = 16 * 1024;
/** Sections up to here go into the batch; larger ones are streamed. */
const BATCHED_BYTES_MAX = 256 * 1024;

export class MessageWriter {
  readonly #plan: FetchPlan;
  readonly #options: MessageWriterOptions;
  readonly #labels = new Map<FetchItem, string>();
  readonly #filters = new Map<FetchItem, FieldFilter>();
  /** Flags as told, by number of their set. */
  readonly #flagTexts: string[] = [];
  readonly #tellsFlags: boolean;
  /** Of the line that is being written: what comes before the next bytes. Few long texts are written sooner than many short ones. */
  #text = '';
  /** Whole lines before it: thousands of short answers are written at once. */
  #lines = '';
  #unknownEncodings = 0;

  constructor(plan: FetchPlan, options: MessageWriterOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#tellsFlags = plan.items.some(({ kind }) => kind === 'flags');
    for (const item of plan.items) {
      this.#labels.set(item, labelOf(item));
      if (item.kind === 'section' && item.section.text.startsWith('fields')) this.#filters.set(item, new FieldFilter(item.section.fields, item.section.text === 'fields-not'));
    }
  }

  /** Parts asked for in binary whose encoding is not known (RFC 3516 §4.3). */
  get unknownEncodings(): number {
    return this.#unknownEncodings;
  }

  /** With `flags` besides, when the client must hear of them. A promise only where something had to be read. */
  write(message: FetchedMessage, flags: boolean): Promise<void> | undefined {
    this.#text = `* ${message.number} ${this.#options.uidOnly ? 'UIDFETCH' : 'FETCH'} (`;
    return this.#from(0, message, flags && !this.#tellsFlags);
  }

  /** Of a message that is gone, all that is still known. */
  writeUid(number: number, uid: number): void {
    this.flush();
    this.#options.out.line(`* ${number} ${this.#options.uidOnly ? 'UIDFETCH' : 'FETCH'} (UID ${uid})`);
  }

  #from(start: number, message: FetchedMessage, extraFlags: boolean): Promise<void> | undefined {
    const { items } = this.#plan;
    for (let i = start; i < items.length; i += 1) {
      if (i > 0) this.#text += ' ';
      const waiting = this.#item(items[i] as FetchItem, message);
      if (waiting) return waiting.then(() => this.#from(i + 1, message, extraFlags));
    }
    if (extraFlags) this.#text += ` ${this.#flags(message)}`;
    this.#lines += `${this.#text})\r\n`;
    this.#text = '';
    if (this.#lines.length > GATHERED_CHARS) this.flush();
    return undefined;
  }

  /** Hands over the answers that are whole. Before anybody else writes. */
  flush(): void {
    if (this.#lines !== '') this.#options.out.utf8Lines(this.#lines);
    this.#lines = '';
  }

  /** Hands over the text that has gathered. */
  #say(): ResponseBatch {
    const { out } = this.#options;
    if (this.#lines !== '' || this.#text !== '') out.utf8Text(this.#lines + this.#text);
    this.#lines = '';
    this.#text = '';
    return out;
  }

  #item(item: FetchItem, message: FetchedMessage): Promise<void> | undefined {
    if (item.kind === 'section') return this.#section(item, message);
    if (item.kind === 'binary' || item.kind === 'binary.size') return this.#binary(item, message);
    this.#text += this.#plain(item, message);
    return undefined;
  }

  #plain(item: Exclude<FetchItem, SectionItem | BinaryItem>, message: FetchedMessage): string {
    const { rows, index, facts } = message;
    switch (item.kind) {
      case 'uid':
        return `UID ${rows.uidAt(index)}`;
      case 'flags':
        return this.#flags(message);
      case 'modseq':
        return `MODSEQ (${rows.modseqAt(index)})`;
      case 'size':
        return `RFC822.SIZE ${rows.sizes[index]}`;
      case 'internaldate':
        return `INTERNALDATE "${formatDateTime(rows.internalDates[index] as number)}"`;
      case 'savedate':
        return `SAVEDATE "${formatDateTime(rows.savedAts[index] as number)}"`;
      case 'envelope':
      case 'body':
      case 'bodystructure':
        return this.#structureText(item.kind, message);
      case 'emailid':
        return `EMAILID (${facts?.emailId})`;
      case 'threadid':
        return `THREADID ${facts?.threadId ? `(${facts.threadId})` : 'NIL'}`;
      case 'preview':
        return `PREVIEW ${imapString(facts?.preview ?? '', this.#options.utf8)}`;
    }
  }

  #structureText(kind: StructureItem, { texts }: FetchedMessage): string {
    return texts[this.#plan.structureItems.indexOf(kind)] as string;
  }

  #root({ facts }: FetchedMessage): MimePart {
    return this.#options.structures.root(facts as MailFacts);
  }

  #flags({ rows, index }: FetchedMessage): string {
    const number = rows.setNumbers[index] as number;
    const text = (this.#flagTexts[number] ??= rows.flagSets.flags(number).join(' '));
    if (!this.#options.recentFrom?.(rows.uidAt(index))) return `FLAGS (${text})`;
    return text === '' ? 'FLAGS (\\Recent)' : `FLAGS (${text} \\Recent)`;
  }

  #section(item: SectionItem, message: FetchedMessage): Promise<void> | undefined {
    const content = message.content as MailPiece;
    const label = this.#labels.get(item) as string;
    const range = this.#sectionRange(item, message, content);
    if (!range) {
      this.#text += `${label} NIL`;
      return undefined;
    }
    this.#text += `${label} `;
    const filter = this.#filters.get(item);
    if (!filter) return this.#literal(content, partOf(range, item.partial));
    const write = (header: Buffer): Promise<void> | undefined => {
      const picked = filter.pick(header);
      return this.#literal({ start: 0, bytes: new BufferSource(picked) }, partOf({ start: 0, end: picked.length }, item.partial));
    };
    const { inMemory } = content.bytes;
    return inMemory ? write(inMemory.subarray(range.start - content.start, range.end - content.start)) : readFrom(content, range).then(write);
  }

  #sectionRange({ section }: SectionItem, message: FetchedMessage, { bytes }: MailPiece): ByteRange | undefined {
    // Nothing but the header was read.
    if (this.#plan.content === 'header') return { start: 0, end: bytes.size };
    const size = message.rows.sizes[message.index] as number;
    if (section.part.length === 0 && section.text === 'all') return { start: 0, end: size };
    return sectionRange(this.#root(message), section, size);
  }

  #binary(item: BinaryItem, message: FetchedMessage): Promise<void> | undefined {
    const content = message.content as MailPiece;
    const label = this.#labels.get(item) as string;
    const found = locateBinary(this.#root(message), item.part, message.rows.sizes[message.index] as number);
    if (found.kind === 'unknown-encoding' || found.kind === 'none') {
      if (found.kind === 'unknown-encoding') this.#unknownEncodings += 1;
      this.#text += `${label} ${item.kind === 'binary' ? 'NIL' : '0'}`;
      return undefined;
    }
    this.#text += `${label} `;
    if (found.kind === 'encoded') {
      return readFrom(content, found.range).then((bytes) => this.#decoded(item, decodeTransferEncoding(bytes, found.encoding)));
    }
    if (item.kind === 'binary') return readFrom(content, partOf(found.range, item.partial)).then((bytes) => this.#literal8(bytes));
    this.#text += found.range.end - found.range.start;
    return undefined;
  }

  #decoded(item: BinaryItem, bytes: Buffer): void {
    if (item.kind === 'binary.size') this.#text += bytes.length;
    else this.#literal8(partial(bytes, item.partial));
  }

  /** RFC 3516 §4.2: literal8 where a NUL demands it. */
  #literal8(bytes: Buffer): void {
    this.#say().literal(bytes, bytes.includes(0));
  }

  #literal({ start: offset, bytes }: MailPiece, range: ByteRange): Promise<void> | undefined {
    const { inMemory } = bytes;
    const [start, end] = [range.start - offset, range.end - offset];
    const out = this.#say();
    if (!inMemory || end - start > BATCHED_BYTES_MAX) return this.#options.sendLiteral(inMemory?.includes(0) === false ? bytes : new WithoutNul(bytes), { start, end });
    out.literal(withoutNul(inMemory.subarray(start, end)));
    return undefined;
  }
}

function readFrom({ start, bytes }: MailPiece, range: ByteRange): Promise<Buffer> {
  return bytes.read(range.start - start, range.end - start);
}

function partial(bytes: Buffer, given: Partial | undefined): Buffer {
  const { start, end } = partOf({ start: 0, end: bytes.length }, given);
  return bytes.subarray(start, end);
}

function labelOf(item: FetchItem): string {
  const origin = 'partial' in item && item.partial ? `<${item.partial.start}>` : '';
  if (item.kind === 'section') return item.rfc822 ?? `BODY[${formatSection(item.section)}]${origin}`;
  if (item.kind === 'binary') return `BINARY[${item.part.join('.')}]${origin}`;
  return item.kind === 'binary.size' ? `BINARY.SIZE[${item.part.join('.')}]` : '';
}

function withoutNul(bytes: Buffer): Buffer {
  if (!bytes.includes(0)) return bytes;
  return Buffer.from(bytes).map((byte) => (byte === 0 ? 0x80 : byte)) as Buffer;
}

/** A source whose chunks have no NUL. */
class WithoutNul implements ByteSource {
  readonly inMemory = undefined;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#source.size;
  }

  async *chunks(start?: number, end?: number): AsyncIterable<Buffer> {
    for await (const chunk of this.#source.chunks(start, end)) yield withoutNul(chunk);
  }

  async read(start?: number, end?: number): Promise<Buffer> {
    return withoutNul(await this.#source.read(start, end));
  }
}
