/**
 * Writes the FETCH answer of one message (RFC 9051 §7.5.2): every item from the columns of the folder, the stored
 * structure and, where sections are asked for, the bytes of the message.
 *
 * Policy: what lies in memory is written without waiting; only large sections and decoded parts make promises. A NUL,
 * which no literal but literal8 may hold, is told as byte 0x80, so that all sizes stay right.
 */
import { BufferSource, type ByteSource } from '../../../base/byte-source.ts';
import type { MailFacts } from '../../../contract/mailbox.ts';
import { parseStructure, type MimePart } from '../../../mail/mime-structure.ts';
import { formatDateTime } from '../../../wire/imap/date-time.ts';
import { formatSection, type FetchItem, type Partial } from '../../../wire/imap/fetch-items.ts';
import type { ResponseBatch } from '../../../wire/imap/response-batch.ts';
import type { FolderRows } from '../../mailbox/folder-rows.ts';
import { decodeRange, locateBinary } from './binary-part.ts';
import { bodyStructureText } from './body-structure-text.ts';
import { envelopeText } from './envelope-text.ts';
import { imapString } from './imap-string.ts';
import { FieldFilter, sectionRange, type ByteRange } from './section-bytes.ts';

/** One message, with what the plan asked for. */
export interface FetchedMessage {
  /** The number that the client knows it by: sequence number, or UID with UIDONLY. */
  readonly number: number;
  /** In `rows`. */
  readonly index: number;
  readonly rows: FolderRows;
  readonly facts: MailFacts | undefined;
  /** The whole message, or its header where the plan needs no more. */
  readonly content: ByteSource | undefined;
}

export interface MessageWriterOptions {
  readonly out: ResponseBatch;
  readonly utf8: boolean;
  /** RFC 9586: `n UIDFETCH`, and n is the UID. */
  readonly uidOnly: boolean;
  /** From this UID on messages are \Recent to the session; undefined: the flag is not told (IMAP4rev2). */
  readonly recentFrom?: (uid: number) => boolean;
  readonly sendLiteral: (content: ByteSource, options: { readonly start: number; readonly end: number; readonly binary?: boolean }) => Promise<void>;
}

type SectionItem = Extract<FetchItem, { kind: 'section' }>;
type BinaryItem = Extract<FetchItem, { kind: 'binary' | 'binary.size' }>;

/** Sections up to here go into the batch; larger ones are streamed. */
const BATCHED_BYTES_MAX = 256 * 1024;

export class MessageWriter {
  readonly #items: readonly FetchItem[];
  readonly #options: MessageWriterOptions;
  readonly #labels = new Map<FetchItem, string>();
  readonly #filters = new Map<FetchItem, FieldFilter>();
  /** Flags as told, by number of their set. */
  readonly #flagTexts: string[] = [];
  #unknownEncodings = 0;

  constructor(items: readonly FetchItem[], options: MessageWriterOptions) {
    this.#items = items;
    this.#options = options;
    for (const item of items) {
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
    const { out, uidOnly } = this.#options;
    const lazy = new LazyStructure(message.facts);
    out.text(`* ${message.number} ${uidOnly ? 'UIDFETCH' : 'FETCH'} (`);
    return this.#from(0, message, lazy, flags && !this.#items.some(({ kind }) => kind === 'flags'));
  }

  #from(start: number, message: FetchedMessage, structure: LazyStructure, extraFlags: boolean): Promise<void> | undefined {
    const { out } = this.#options;
    for (let i = start; i < this.#items.length; i += 1) {
      if (i > 0) out.text(' ');
      const waiting = this.#item(this.#items[i] as FetchItem, message, structure);
      if (waiting) return waiting.then(() => this.#from(i + 1, message, structure, extraFlags));
    }
    if (extraFlags) out.text(` ${this.#flags(message)}`);
    out.text(')\r\n');
    return undefined;
  }

  #item(item: FetchItem, message: FetchedMessage, structure: LazyStructure): Promise<void> | undefined {
    if (item.kind === 'section') return this.#section(item, message, structure.root);
    if (item.kind === 'binary' || item.kind === 'binary.size') return this.#binary(item, message, structure.root);
    this.#options.out.utf8Text(this.#plain(item, message, structure));
    return undefined;
  }

  #plain(item: Exclude<FetchItem, SectionItem | BinaryItem>, message: FetchedMessage, structure: LazyStructure): string {
    const { rows, index, facts } = message;
    const { utf8 } = this.#options;
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
        return `ENVELOPE ${envelopeText(structure.root.envelope, utf8)}`;
      case 'body':
        return `BODY ${bodyStructureText(structure.root, false, utf8)}`;
      case 'bodystructure':
        return `BODYSTRUCTURE ${bodyStructureText(structure.root, true, utf8)}`;
      case 'emailid':
        return `EMAILID (${facts?.emailId})`;
      case 'threadid':
        return `THREADID ${facts?.threadId ? `(${facts.threadId})` : 'NIL'}`;
      case 'preview':
        return `PREVIEW ${imapString(facts?.preview ?? '', utf8)}`;
    }
  }

  #flags({ rows, index }: FetchedMessage): string {
    const number = rows.setNumbers[index] as number;
    const text = (this.#flagTexts[number] ??= rows.flagSets.flags(number).join(' '));
    if (!this.#options.recentFrom?.(rows.uidAt(index))) return `FLAGS (${text})`;
    return text === '' ? 'FLAGS (\\Recent)' : `FLAGS (${text} \\Recent)`;
  }

  #section(item: SectionItem, message: FetchedMessage, root: MimePart): Promise<void> | undefined {
    const { out } = this.#options;
    const content = message.content as ByteSource;
    const label = this.#labels.get(item) as string;
    const range = sectionRange(root, item.section, message.rows.sizes[message.index] as number);
    if (!range) {
      out.text(`${label} NIL`);
      return undefined;
    }
    out.text(`${label} `);
    const filter = this.#filters.get(item);
    if (!filter) return this.#literal(content, partOf(range, item.partial));
    const write = (header: Buffer): Promise<void> | undefined => {
      const picked = filter.pick(header);
      return this.#literal(new BufferSource(picked), partOf({ start: 0, end: picked.length }, item.partial));
    };
    const { inMemory } = content;
    return inMemory ? write(inMemory.subarray(range.start, range.end)) : content.read(range.start, range.end).then(write);
  }

  #binary(item: BinaryItem, message: FetchedMessage, root: MimePart): Promise<void> | undefined {
    const { out } = this.#options;
    const content = message.content as ByteSource;
    const label = this.#labels.get(item) as string;
    const found = locateBinary(root, item.part, message.rows.sizes[message.index] as number);
    if (found.kind === 'unknown-encoding' || found.kind === 'none') {
      if (found.kind === 'unknown-encoding') this.#unknownEncodings += 1;
      out.text(`${label} ${item.kind === 'binary' ? 'NIL' : '0'}`);
      return undefined;
    }
    out.text(`${label} `);
    if (found.kind === 'encoded') {
      return decodeRange(content, found.range, found.encoding).then((bytes) => (item.kind === 'binary.size' ? void out.number(bytes.length) : this.#literal8(bytes, item.partial)));
    }
    if (item.kind === 'binary') return content.read(found.range.start, found.range.end).then((bytes) => this.#literal8(bytes, item.partial));
    out.number(found.range.end - found.range.start);
    return undefined;
  }

  /** RFC 3516 §4.2: literal8 where a NUL demands it. */
  #literal8(bytes: Buffer, partial: Partial | undefined): void {
    const { start, end } = partOf({ start: 0, end: bytes.length }, partial);
    const piece = bytes.subarray(start, end);
    this.#options.out.literal(piece, piece.includes(0));
  }

  #literal(content: ByteSource, { start, end }: ByteRange): Promise<void> | undefined {
    const { out, sendLiteral } = this.#options;
    const { inMemory } = content;
    if (!inMemory || end - start > BATCHED_BYTES_MAX) return sendLiteral(inMemory?.includes(0) === false ? content : new WithoutNul(content), { start, end });
    out.literal(withoutNul(inMemory.subarray(start, end)));
    return undefined;
  }
}

/** RFC 9051 §6.4.5: the octets that there are of those asked for. */
function partOf({ start, end }: ByteRange, partial: Partial | undefined): ByteRange {
  if (!partial) return { start, end };
  const from = Math.min(end, start + partial.start);
  return { start: from, end: Math.min(end, from + partial.count) };
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

/** Parsed when the first item wants it. */
class LazyStructure {
  readonly #facts: MailFacts | undefined;
  #root: MimePart | undefined;

  constructor(facts: MailFacts | undefined) {
    this.#facts = facts;
  }

  get root(): MimePart {
    return (this.#root ??= parseStructure((this.#facts as MailFacts).structure));
  }
}
