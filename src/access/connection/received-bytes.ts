/**
 * Where counted bytes of clients (literals) are kept until they are stored: small ones in memory while all sessions
 * together have little there, the others in files of a folder that is emptied at each start.
 */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ACCESS_LIMITS } from '../../base/access-limits.ts';
import { BufferSource, FileSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import type { ReceivedBytes } from './client-connection.ts';

const SUFFIX = '.received';

export class ReceivedStore {
  readonly #folder: string;
  #inMemory = 0;
  #next = 1;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder and removes what a run before this one left there. */
  async prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const left = (await readdir(this.#folder)).filter((name) => name.endsWith(SUFFIX));
    await Promise.all(left.map((name) => rm(join(this.#folder, name), { force: true })));
  }

  /** For content of that size, which is to be written and then finished or given up. */
  begin(size: number): Receiver {
    const { receivedInMemoryBytesMax, receivedInMemoryTotalBytesMax } = ACCESS_LIMITS;
    if (size > receivedInMemoryBytesMax || this.#inMemory + size > receivedInMemoryTotalBytesMax) {
      return new FileReceiver(join(this.#folder, `${process.pid}-${this.#next++}${SUFFIX}`));
    }
    this.#inMemory += size;
    return new MemoryReceiver(() => {
      this.#inMemory -= size;
    });
  }
}

export interface Receiver {
  /** Resolves when more may be written; rejects (temporary Failure) when it cannot be kept. */
  write(chunk: Buffer): Promise<void>;
  finish(): Promise<ReceivedBytes>;
  giveUp(): Promise<void>;
}

class MemoryReceiver implements Receiver {
  readonly #release: () => void;
  #chunks: Buffer[] = [];
  #released = false;

  constructor(release: () => void) {
    this.#release = release;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#chunks.push(chunk);
  }

  async finish(): Promise<ReceivedBytes> {
    const content = new BufferSource(Buffer.concat(this.#chunks));
    this.#chunks = [];
    return { content, discard: () => this.giveUp() };
  }

  async giveUp(): Promise<void> {
    if (!this.#released) this.#release();
    this.#released = true;
  }
}

class FileReceiver implements Receiver {
  readonly #path: string;
  #file: FileHandle | undefined;
  #size = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async write(chunk: Buffer): Promise<void> {
    try {
      this.#file ??= await open(this.#path, 'wx', 0o600);
      for (let at = 0; at < chunk.length; ) at += (await this.#file.write(chunk, at, chunk.length - at)).bytesWritten;
      this.#size += chunk.length;
    } catch (cause) {
      throw new Failure('upload-failed', 'cannot keep what was sent for now; try again later', { cause });
    }
  }

  async finish(): Promise<ReceivedBytes> {
    await this.#file?.close();
    return { content: new FileSource(this.#path, this.#size), discard: () => rm(this.#path, { force: true }) };
  }

  async giveUp(): Promise<void> {
    await this.#file?.close().catch(() => {});
    await rm(this.#path, { force: true });
  }
}
