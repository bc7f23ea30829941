/**
 * Messages of an mbox file, one at a time. All variants are read: a line `From sender date` after an empty line begins a
 * message (mboxo, mboxrd); where Content-Length says so and the next message begins right there, it is believed (mboxcl,
 * mboxcl2), so that a `From ` inside such a message does not end it.
 */
import { open } from 'node:fs/promises';
import { Failure } from '../base/errors.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';

export interface MboxEntry {
  /** Byte offset of its `From ` line. */
  readonly offset: number;
  /** Without the line end. */
  readonly fromLine: string;
  /** Behind the `From ` line, as in the file, without the empty line that ends it. Undefined: larger than TRANSFER_LIMITS.messageBytesMax. */
  readonly bytes: Buffer | undefined;
  /** Content-Length told where it ends. */
  readonly counted: boolean;
}

const READ_BYTES = 1024 ** 2;
const FROM = Buffer.from('From ');
const LF = 10;
const CR = 13;
/** `From somebody Sat Jan  3 01:05:34 1996`: what follows must hold a time of day, or it is a sentence. */
const FROM_LINE = /^From .*\d\d:\d\d/;
const FROM_LINE_BYTES_MAX = 1000;
/** Enough to see the empty line before the next message. */
const KEPT_OF_CUT_BYTES = 16;

/** Throws a permanent Failure `source-unknown` when the file does not begin as an mbox does. An empty file is an empty mbox. */
export async function* readMbox(path: string): AsyncIterable<MboxEntry> {
  const file = await open(path, 'r');
  try {
    yield* new MboxScan(async (bytes, position) => (await file.read(bytes, 0, bytes.length, position)).bytesRead, path).entries();
  } finally {
    await file.close();
  }
}

class MboxScan {
  readonly #read: (bytes: Buffer, position: number) => Promise<number>;
  readonly #path: string;
  /** The file from `#start` on, as far as it was read. */
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #ended = false;
  /** The beginning of the message at hand was given up because it is too large. */
  #cut = false;

  constructor(read: (bytes: Buffer, position: number) => Promise<number>, path: string) {
    this.#read = read;
    this.#path = path;
  }

  async *entries(): AsyncIterable<MboxEntry> {
    await this.#more();
    await this.#skipEmptyLines();
    while (this.#buffer.length > 0) {
      const offset = this.#start;
      await this.#indexOf(LF, 0, FROM_LINE_BYTES_MAX);
      if (this.#buffer.length >= FROM.length && !this.#buffer.subarray(0, FROM.length).equals(FROM)) throw this.#noMbox(offset);
      const lineEnd = await this.#indexOf(LF, 0, READ_BYTES);
      const fromLine = this.#buffer.toString('latin1', 0, Math.min(lineEnd, FROM_LINE_BYTES_MAX)).trimEnd();
      if (!fromLine.startsWith('From ')) throw this.#noMbox(offset);
      this.#drop(Math.min(lineEnd + 1, this.#buffer.length));
      const counted = await this.#countedEnd();
      const end = counted ?? (await this.#nextFrom());
      const tooLarge = this.#cut || end > TRANSFER_LIMITS.messageBytesMax;
      this.#cut = false;
      yield { offset, fromLine, bytes: tooLarge ? undefined : Buffer.from(this.#buffer.subarray(0, this.#withoutEmptyLine(end, counted !== undefined))), counted: counted !== undefined };
      this.#drop(end);
      await this.#skipEmptyLines();
    }
  }

  /** Reads on; the pieces grow with what is kept, so that a large message is not copied again for every piece. */
  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const piece = Buffer.allocUnsafe(Math.max(READ_BYTES, this.#buffer.length));
    const count = await this.#read(piece, this.#start + this.#buffer.length);
    if (count === 0) {
      this.#ended = true;
      return false;
    }
    this.#buffer = Buffer.concat([this.#buffer, piece.subarray(0, count)]);
    return true;
  }

  #drop(count: number): void {
    this.#buffer = this.#buffer.subarray(count);
    this.#start += count;
  }

  #noMbox(offset: number): Failure {
    return new Failure('source-unknown', `${this.#path} is no mbox: at byte ${offset} there is no line "From sender date"`, { temporary: false });
  }

  /** Where the byte is, or where what was read ends: at the end of the file, or `within` bytes behind `from` and more. */
  async #indexOf(byte: number, from: number, within: number): Promise<number> {
    for (let at = from; ; ) {
      const found = this.#buffer.indexOf(byte, at);
      if (found >= 0) return found;
      at = this.#buffer.length;
      if (at - from >= within || !(await this.#more())) return this.#buffer.length;
    }
  }

  async #skipEmptyLines(): Promise<void> {
    for (;;) {
      if (this.#buffer.length < 2 && (await this.#more())) continue;
      const [first, second] = this.#buffer;
      if (first === LF) this.#drop(1);
      else if (first === CR && second === LF) this.#drop(2);
      else return;
    }
  }

  /** Where the message ends by its Content-Length, when the next one begins there or the file ends. */
  async #countedEnd(): Promise<number | undefined> {
    const header = await this.#headerEnd();
    if (header === undefined) return undefined;
    const [, length] = /^Content-Length:[ \t]*(\d{1,12})[ \t]*\r?$/im.exec(this.#buffer.toString('latin1', 0, header)) ?? [];
    if (length === undefined || Number(length) > TRANSFER_LIMITS.messageBytesMax) return undefined;
    const end = header + Number(length);
    while (this.#buffer.length < end + FROM.length + 4 && (await this.#more()));
    if (this.#buffer.length < end) return undefined;
    let next = end;
    while (this.#buffer[next] === LF || this.#buffer[next] === CR) next += 1;
    const atLineStart = next > end || this.#buffer[end - 1] === LF;
    if (this.#ended && next >= this.#buffer.length) return end;
    return atLineStart && this.#isFromLine(next) ? end : undefined;
  }

  /** Behind the empty line; undefined when there is none before the limit of a header. */
  async #headerEnd(): Promise<number | undefined> {
    for (let at = 0; at < READ_BYTES; ) {
      const lf = await this.#indexOf(LF, at, READ_BYTES);
      if (lf >= this.#buffer.length) return undefined;
      if (lf === at || (lf === at + 1 && this.#buffer[at] === CR)) return lf + 1;
      at = lf + 1;
    }
    return undefined;
  }

  #isFromLine(at: number): boolean {
    const lf = this.#buffer.indexOf(LF, at);
    const end = Math.min(lf < 0 ? this.#buffer.length : lf, at + FROM_LINE_BYTES_MAX);
    return this.#buffer.subarray(at, at + FROM.length).equals(FROM) && FROM_LINE.test(this.#buffer.toString('latin1', at, end));
  }

  /** Start of the next `From ` line that follows an empty line, or the end of the file. */
  async #nextFrom(): Promise<number> {
    for (let from = 0; ; ) {
      const found = this.#buffer.indexOf(FROM, from);
      if (found < 0) {
        if (this.#buffer.length > TRANSFER_LIMITS.messageBytesMax) {
          this.#drop(this.#buffer.length - KEPT_OF_CUT_BYTES);
          this.#cut = true;
        }
        from = Math.max(0, this.#buffer.length - FROM.length);
        if (await this.#more()) continue;
        return this.#buffer.length;
      }
      // Its whole line must be there to be judged.
      await this.#indexOf(LF, found, FROM_LINE_BYTES_MAX);
      if (this.#afterEmptyLine(found) && this.#isFromLine(found)) return found;
      from = found + 1;
    }
  }

  #afterEmptyLine(at: number): boolean {
    if (at === 0) return true;
    if (this.#buffer[at - 1] !== LF) return false;
    const before = this.#buffer[at - 2] === CR ? at - 3 : at - 2;
    return before < 0 || this.#buffer[before] === LF;
  }

  /** The empty line before the next message belongs to the format, not to the message. */
  #withoutEmptyLine(end: number, counted: boolean): number {
    if (counted || this.#buffer[end - 1] !== LF) return end;
    const line = this.#buffer[end - 2] === CR ? end - 2 : end - 1;
    return line === 0 || this.#buffer[line - 1] === LF ? line : end;
  }
}
