/**
 * The message of a run: its header as it stands, its parts when a test asks for them, and what the script made of it.
 * The body is read once, and only then.
 */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { parseHeader } from '../../mail/header.ts';
import { parseMimeStructure, type MimePart } from '../../mail/mime-structure.ts';
import { encodeFor7Bit } from '../../mail/transfer-encoding.ts';
import type { MessageEdition } from '../action.ts';
import type { SieveMessage } from '../message.ts';
import { HeaderState, type HeaderEntry } from './header-state.ts';
import { SieveFailure, type Meter } from './meter.ts';
import { splitHead } from './part-text.ts';

interface PartEdit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** What reading a character of a part costs against comparing it: decoding, charset, tags of HTML. */
const DECODING = 15;

export class MessageState {
  readonly source: SieveMessage;
  readonly header: HeaderState;
  readonly #meter: Meter;
  #bytes: Buffer | undefined;
  #root: MimePart | undefined;
  readonly #partHeaders = new Map<number, HeaderState>();
  readonly #partTexts = new Map<string, string>();
  #partEdits: PartEdit[] = [];
  /** The body of a message that was replaced or enclosed whole. */
  #newBody: Buffer | undefined;
  #changes: readonly string[] = [];
  #edition: MessageEdition | undefined;
  #addedBytes = 0;

  constructor(source: SieveMessage, meter: Meter) {
    this.source = source;
    this.header = new HeaderState(source.header);
    this.#meter = meter;
  }

  /** As it stands now (RFC 5293 §4: later tests see what was changed). */
  get size(): number {
    if (this.#changes.length === 0) return this.source.content.size;
    const edited = this.#partEdits.reduce((sum, edit) => sum + edit.bytes.length - (edit.end - edit.start), 0);
    const body = this.#newBody?.length ?? this.source.content.size - this.source.bodyOffset + edited;
    return this.header.bytes().length + body;
  }

  /** The empty line that ends the header is there. */
  get hasBody(): boolean {
    const { header } = this.source;
    return /(?:^|\n)\r?\n$/.test(header.toString('latin1', Math.max(0, header.length - 4)));
  }

  /** The whole message; of one that is too large, the beginning. */
  async bytes(): Promise<Buffer> {
    if (this.#bytes) return this.#bytes;
    const { content } = this.source;
    this.#bytes = content.inMemory ?? (await content.read(0, Math.min(content.size, SIEVE_LIMITS.bodyBytesMax)));
    this.#meter.read(this.#bytes.length / 10);
    return this.#bytes;
  }

  async root(): Promise<MimePart> {
    this.#root ??= this.source.structure?.() ?? parseMimeStructure(await this.bytes());
    return this.#root;
  }

  /** Of the outermost part, the header as it stands now. */
  async partHeader(part: MimePart): Promise<HeaderState> {
    if (part.headerStart === 0) return this.header;
    const known = this.#partHeaders.get(part.headerStart);
    if (known) return known;
    const header = new HeaderState((await this.bytes()).subarray(part.headerStart, part.bodyStart));
    this.#partHeaders.set(part.headerStart, header);
    return header;
  }

  /** The text of a part, made once: scripts ask for the same body again and again. */
  partText(part: MimePart, form: string, make: () => string): string {
    const key = `${form} ${part.headerStart}`;
    const known = this.#partTexts.get(key);
    if (known !== undefined) return known;
    const text = make();
    this.#meter.read(text.length * DECODING);
    this.#partTexts.set(key, text);
    return text;
  }

  addField(name: string, value: string, last: boolean): void {
    this.#grow(name.length + value.length);
    this.header.add(name, value, last);
    this.#changed(`the field ${name} was added`);
  }

  removeFields(doomed: ReadonlySet<HeaderEntry>): void {
    if (doomed.size === 0) return;
    this.header.remove(doomed);
    for (const field of doomed) this.#changed(`a field ${field.name} was removed`);
  }

  /** RFC 5703 §5, a part: its header and body become the entity. */
  async replacePart(part: MimePart, entity: Buffer): Promise<void> {
    await this.bytes();
    this.#grow(entity.length);
    this.#partEdits = this.#partEdits.filter((edit) => edit.start < part.headerStart || edit.end > part.bodyEnd);
    if (this.#partEdits.some((edit) => edit.start <= part.headerStart && edit.end >= part.bodyEnd)) return;
    this.#partEdits.push({ start: part.headerStart, end: part.bodyEnd, bytes: entity });
    this.#changed(`a part of type ${part.type}/${part.subtype} was replaced`);
  }

  /** RFC 5703 §5, the whole: what the header says about the content goes, that of the entity comes. */
  replaceWhole(entity: string, fields: readonly (readonly [name: string, value: string])[]): void {
    const { header, body } = splitHead(entity);
    this.#grow(header.length + body.length);
    this.#setContentFields(header, fields);
    this.#newBody = body;
    this.#changed('the message was replaced');
  }

  /** RFC 5703 §6: a text, and behind it the message as it stands. */
  async enclose(text: string, subject: string | undefined, fields: readonly (readonly [name: string, value: string])[]): Promise<void> {
    const inner = Buffer.concat([this.header.bytes(), await this.#body()]);
    const boundary = unusedBoundary(inner);
    this.#meter.read(inner.length);
    const head = `--${boundary}\r\n${textEntity(text).toString('latin1')}\r\n--${boundary}\r\nContent-Type: message/rfc822\r\n\r\n`;
    this.#grow(head.length);
    this.#setContentFields(Buffer.from(`MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n`), subject === undefined ? fields : [['Subject', subject], ...fields]);
    this.#newBody = Buffer.concat([Buffer.from(head, 'latin1'), inner, Buffer.from(`\r\n--${boundary}--\r\n`)]);
    this.#changed('the message was enclosed in another');
  }

  /** Undefined: nothing was changed. The same value until something changes again. */
  async edition(): Promise<MessageEdition | undefined> {
    if (this.#changes.length === 0) return undefined;
    this.#edition ??= {
      header: this.header.bytes(),
      bodyOffset: this.source.bodyOffset,
      body: this.#newBody || this.#partEdits.length > 0 ? await this.#body() : undefined,
      changes: this.#changes,
    };
    return this.#edition;
  }

  async #body(): Promise<Buffer> {
    if (this.#newBody) return this.#newBody;
    const { content, bodyOffset } = this.source;
    if (content.size > SIEVE_LIMITS.bodyBytesMax) throw new SieveFailure('the message is too large to be changed');
    const bytes = await this.bytes();
    const pieces: Buffer[] = [];
    let position = bodyOffset;
    for (const edit of this.#partEdits.toSorted((a, b) => a.start - b.start)) {
      pieces.push(bytes.subarray(position, edit.start), edit.bytes);
      position = edit.end;
    }
    return Buffer.concat([...pieces, bytes.subarray(position)]);
  }

  #setContentFields(content: Buffer, fields: readonly (readonly [name: string, value: string])[]): void {
    const replaced = new Set(fields.map(([name]) => name.toLowerCase()));
    this.header.removeNamed((lower) => lower.startsWith('content-') || lower === 'mime-version' || replaced.has(lower));
    for (const [name, value] of fields) this.header.add(name, value, true);
    const added = parseHeader(content).fields.filter((field) => field.lower.startsWith('content-') || field.lower === 'mime-version');
    if (!added.some((field) => field.lower === 'mime-version')) this.header.add('MIME-Version', '1.0', true);
    this.header.append(Buffer.concat(added.map((field) => (field.raw.at(-1) === 10 ? field.raw : Buffer.concat([field.raw, Buffer.from('\r\n')])))));
  }

  #grow(bytes: number): void {
    this.#addedBytes += bytes;
    if (this.#addedBytes > SIEVE_LIMITS.editBytesMax) throw new SieveFailure('the script adds too much to the message');
  }

  #changed(change: string): void {
    this.#changes = [...this.#changes, change];
    this.#edition = undefined;
  }
}

/** A text as a MIME entity that any way of transport passes unchanged. */
export function textEntity(text: string): Buffer {
  const { encoding, bytes } = encodeFor7Bit(Buffer.from(text.replace(/\r?\n/g, '\r\n')), true);
  return Buffer.concat([Buffer.from(`Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`), bytes]);
}

/** The same message gives the same boundary, and none of its lines begins with it. */
function unusedBoundary(inner: Buffer): string {
  for (let number = 1; ; number += 1) {
    const boundary = `=_enclosed-${number}`;
    if (!inner.includes(boundary)) return boundary;
  }
}
