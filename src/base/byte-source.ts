/**
 * Bytes of known length that can be read more than once: a message on its way, in memory while small and in a file
 * when large. Every stage reads through this, so that no stage has to hold a large message whole.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /** The bytes in order, in chunks of any size; `start` inclusive and `end` exclusive, default all. */
  chunks(start?: number, end?: number): AsyncIterable<Buffer>;
  /** A part in memory; `end` exclusive, default the whole. The caller bounds the length. `into`: memory that may be used, if it is long enough. */
  read(start?: number, end?: number, into?: Buffer): Promise<Buffer>;
  /** The whole, when it is in memory already: lets hot paths skip the asynchronous reads. */
  readonly inMemory: Buffer | undefined;
}

export class BufferSource implements ByteSource {
  readonly inMemory: Buffer;

  constructor(bytes: Buffer) {
    this.inMemory = bytes;
  }

  get size(): number {
    return this.inMemory.length;
  }

  async *chunks(start = 0, end = this.size): AsyncIterable<Buffer> {
    yield this.inMemory.subarray(start, end);
  }

  async read(start = 0, end = this.size): Promise<Buffer> {
    return this.inMemory.subarray(start, end);
  }
}

/** A file whose bytes from `offset` on are the content; it must not change while the source is in use. */
export class FileSource implements ByteSource {
  readonly inMemory = undefined;
  readonly path: string;
  readonly size: number;

  constructor(path: string, size: number) {
    this.path = path;
    this.size = size;
  }

  chunks(start = 0, end = this.size): AsyncIterable<Buffer> {
    if (end <= start) return new BufferSource(Buffer.alloc(0)).chunks();
    return createReadStream(this.path, { start, end: end - 1 });
  }

  async read(start = 0, end = this.size, into?: Buffer): Promise<Buffer> {
    const length = Math.max(0, Math.min(end, this.size) - start);
    const bytes = into && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafe(length);
    const file = await open(this.path, 'r');
    try {
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled);
        if (bytesRead === 0) throw new Error(`${this.path}: ended after ${filled} of ${length} bytes`);
        filled += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  }
}

/** A part of a source, `end` exclusive, as one of its own. */
export function sliceOf(source: ByteSource, start: number, end: number): ByteSource {
  if (start === 0 && end === source.size) return source;
  return source.inMemory ? new BufferSource(source.inMemory.subarray(start, end)) : new Slice(source, start, end);
}

class Slice implements ByteSource {
  readonly inMemory = undefined;
  readonly size: number;
  readonly #source: ByteSource;
  readonly #start: number;

  constructor(source: ByteSource, start: number, end: number) {
    this.#source = source;
    this.#start = start;
    this.size = end - start;
  }

  chunks(start = 0, end = this.size): AsyncIterable<Buffer> {
    return this.#source.chunks(this.#start + start, this.#start + Math.min(end, this.size));
  }

  read(start = 0, end = this.size, into?: Buffer): Promise<Buffer> {
    return this.#source.read(this.#start + start, this.#start + Math.min(end, this.size), into);
  }
}

/** Several sources one behind the other, as one. */
export function concatenate(parts: readonly ByteSource[]): ByteSource {
  if (parts.every((part) => part.inMemory)) {
    return new BufferSource(Buffer.concat(parts.map((part) => part.inMemory as Buffer)));
  }
  return new Concatenation(parts);
}

class Concatenation implements ByteSource {
  readonly inMemory = undefined;
  readonly size: number;
  readonly parts: readonly ByteSource[];

  constructor(parts: readonly ByteSource[]) {
    this.parts = parts;
    this.size = parts.reduce((sum, part) => sum + part.size, 0);
  }

  async *chunks(start = 0, end = this.size): AsyncIterable<Buffer> {
    let offset = 0;
    for (const part of this.parts) {
      const from = Math.max(0, start - offset);
      const to = Math.min(part.size, end - offset);
      if (from < to) yield* part.chunks(from, to);
      offset += part.size;
    }
  }

  async read(start = 0, end = this.size): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const chunk of this.chunks(start, end)) pieces.push(chunk);
    return Buffer.concat(pieces);
  }
}
