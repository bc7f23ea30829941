/**
 * The content of one message while it arrives: measured, its header gathered, its body hashed, in memory while small and
 * in a spool file when large.
 *
 * Policy: the first thing wrong is remembered as the reply to give at the end; from then on nothing is kept.
 */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { BufferSource, FileSource } from '../../base/byte-source.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import { countFields, HeaderScan } from '../../wire/smtp/header-scan.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import type { SmtpReply } from '../../wire/smtp/reply.ts';
import type { BodyHasher } from './options.ts';

/** What the content of all messages of a server takes in memory while it arrives. */
export interface ContentMemory {
  bytes: number;
}

export interface IncomingOptions {
  readonly memory: ContentMemory;
  readonly id: string;
  readonly spoolDir: string;
  readonly bytesMax: number;
  readonly createBodyHasher: (() => BodyHasher | undefined) | undefined;
}

const SUFFIX = '.incoming';
const OWN_PREFIX = `${process.pid}-`;
const PARTS_MAX = 256;

export class IncomingMessage {
  /** The reply that refuses it; undefined while all is well. */
  refusal: SmtpReply | undefined;
  /** Bytes received so far, dropped ones included. */
  receivedBytes = 0;
  readonly #options: IncomingOptions;
  readonly #header = new HeaderScan(SMTP_SERVER_LIMITS.headerBytesMax);
  readonly #hasher: BodyHasher | undefined;
  #parts: Buffer[] = [];
  #memoryBytes = 0;
  #file: FileHandle | undefined;
  #path: string | undefined;
  #fileBytes = 0;
  #disposed = false;
  #spilling = false;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#hasher = options.createBodyHasher?.();
  }

  append(slice: Buffer): void {
    this.receivedBytes += slice.length;
    if (this.refusal !== undefined || slice.length === 0) return;
    if (this.receivedBytes > this.#options.bytesMax) return this.refuse(REPLIES.tooLarge);
    const body = this.#header.feed(slice);
    if (this.#header.overflow) return this.refuse(REPLIES.headerTooLarge);
    if (body.length > 0) this.#hasher?.update(body);
    this.#parts.push(slice);
    this.#memoryBytes += slice.length;
    this.#options.memory.bytes += slice.length;
    // Content that trickles in byte by byte must not cost an object for each.
    if (this.#parts.length === PARTS_MAX) this.#parts = [Buffer.concat(this.#parts)];
  }

  refuse(reply: SmtpReply): void {
    this.refusal ??= reply;
    this.#forgetMemory();
  }

  #forgetMemory(): void {
    this.#options.memory.bytes -= this.#memoryBytes;
    this.#parts = [];
    this.#memoryBytes = 0;
  }

  /** True when so much is in memory that `spill` must run before more is read. */
  get mustSpill(): boolean {
    const { inMemoryBytesMax, inMemoryBytesShare, inMemoryBytesTotal } = SMTP_SERVER_LIMITS;
    return this.#memoryBytes > (this.#options.memory.bytes > inMemoryBytesTotal ? inMemoryBytesShare : inMemoryBytesMax);
  }

  /** Far beyond every limit: the client is cut off. */
  get isFlood(): boolean {
    return this.receivedBytes > this.#options.bytesMax + SMTP_SERVER_LIMITS.discardBytesMax;
  }

  /** Moves what is in memory to the spool file. Does not reject: a failing disk becomes the refusal. */
  async spill(): Promise<void> {
    const parts = this.#parts;
    const bytes = this.#memoryBytes;
    this.#forgetMemory();
    this.#spilling = true;
    try {
      if (!this.#file) {
        this.#path = join(this.#options.spoolDir, `${OWN_PREFIX}${this.#options.id}${SUFFIX}`);
        this.#file = await open(this.#path, 'wx', 0o600);
      }
      await this.#file.appendFile(Buffer.concat(parts));
      this.#fileBytes += bytes;
    } catch {
      this.refuse(REPLIES.noSpace);
    } finally {
      this.#spilling = false;
      if (this.#disposed) this.#remove();
    }
  }

  /** The whole header, once all has arrived. */
  get header(): Buffer {
    return this.#header.header();
  }

  /** After the last byte: what only the whole can tell. Sets the refusal. */
  checkHeader(): void {
    if (this.refusal !== undefined) return;
    const { fields, received } = countFields(this.header, SMTP_SERVER_LIMITS.headerFieldsMax);
    if (fields > SMTP_SERVER_LIMITS.headerFieldsMax) this.refuse(REPLIES.headerTooLarge);
    else if (received > SMTP_SERVER_LIMITS.receivedFieldsMax) this.refuse(REPLIES.loop);
  }

  /** The content, valid until `dispose`; undefined when it was refused meanwhile (the disk). */
  async finish(): Promise<ByteSource | undefined> {
    if (!this.#file) return new BufferSource(this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts));
    if (this.#memoryBytes > 0) await this.spill();
    return this.refusal === undefined ? new FileSource(this.#path as string, this.#fileBytes) : undefined;
  }

  bodyHash(): Buffer | undefined {
    return this.#hasher?.digest();
  }

  /** Frees memory and removes the spool file; may be called at any time and more than once. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#forgetMemory();
    if (!this.#spilling) this.#remove();
  }

  #remove(): void {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    // Left-overs are cleared at the next start; nothing waits for this.
    void file.close().catch(() => {});
    void rm(this.#path as string, { force: true }).catch(() => {});
  }
}

/** Makes the folder, and removes what an earlier process left there; a data directory has one process at a time. */
export async function prepareSpool(spoolDir: string): Promise<void> {
  await mkdir(spoolDir, { recursive: true, mode: 0o700 });
  for (const name of await readdir(spoolDir)) {
    if (name.endsWith(SUFFIX) && !name.startsWith(OWN_PREFIX)) await rm(join(spoolDir, name), { force: true });
  }
}
