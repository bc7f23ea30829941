/**
 * The bytes of an IMAP connection as its client reads them: lines and literals, with a deadline for each wait, and with
 * the socket stopped while nobody reads, so that a server cannot fill our memory.
 */
import type { Socket } from 'node:net';
import { connect as startTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { Failure } from '../base/errors.ts';
import type { ResponsePieces } from '../wire/imap/response-values.ts';

export interface ImapStreamLimits {
  readonly replyMs: number;
  readonly lineBytesMax: number;
  readonly literalBytesMax: number;
}

const BUFFERED_MAX = 256 * 1024;
const GOODBYE_MS = 1000;

export class ImapStream {
  #socket: Socket | TLSSocket;
  readonly #limits: ImapStreamLimits;
  #chunks: Buffer[] = [];
  #size = 0;
  #wake: (() => void) | undefined;
  #failed: Failure | undefined;

  constructor(socket: Socket | TLSSocket, limits: ImapStreamLimits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#listen();
  }

  /** One response with its literals. Throws a temporary Failure `imap-lost` or `imap-silent`, `imap-garbage` when a limit is passed. */
  async response(): Promise<ResponsePieces> {
    const text: string[] = [];
    const literals: Buffer[] = [];
    for (let total = 0; ; ) {
      const line = await this.#line();
      total += line.length;
      const [whole = '', length] = /~?\{(\d{1,10})\+?\}$/.exec(line) ?? [];
      if (length === undefined) {
        text.push(line);
        return { text, literals };
      }
      total += Number(length);
      if (total > this.#limits.literalBytesMax) throw this.#fail(new Failure('imap-garbage', `the server sent a response of more than ${this.#limits.literalBytesMax} bytes`));
      text.push(line.slice(0, line.length - whole.length));
      literals.push(await this.#bytes(Number(length)));
    }
  }

  write(text: string | Buffer): void {
    this.#socket.write(text);
  }

  /** Whatever came before the handshake is dropped: it was not protected. */
  async startTls(options: ConnectionOptions, timeoutMs: number): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
    this.#chunks = [];
    this.#size = 0;
    const secure = startTls({ ...options, socket: plain });
    try {
      await once(secure, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      secure.destroy();
      throw this.#fail(new Failure('imap-tls', `the TLS handshake failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error }));
    }
    this.#socket = secure;
    this.#listen();
  }

  destroy(): void {
    this.#failed ??= new Failure('imap-lost', 'the connection was closed');
    this.#socket.destroy();
  }

  /** The last words; whatever comes back is not read. */
  end(text: string): void {
    this.#failed ??= new Failure('imap-lost', 'the connection was closed');
    this.#socket.removeAllListeners('data').resume();
    this.#socket.end(text);
    setTimeout(() => this.#socket.destroy(), GOODBYE_MS).unref();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      if (this.#size > BUFFERED_MAX) socket.pause();
      this.#wake?.();
    });
    socket.on('error', (error) => this.#fail(new Failure('imap-lost', `the connection broke: ${error.message}`, { cause: error })));
    socket.on('close', () => this.#fail(new Failure('imap-lost', 'the server closed the connection')));
  }

  #fail(failure: Failure): Failure {
    this.#failed ??= failure;
    this.#wake?.();
    return this.#failed;
  }

  async #line(): Promise<string> {
    for (let searched = 0; ; ) {
      const all = this.#joined();
      const lf = all.indexOf(10, searched);
      if (lf >= 0) return this.#take(lf + 1).toString('utf8').replace(/\r?\n$/, '');
      if (all.length > this.#limits.lineBytesMax) throw this.#fail(new Failure('imap-garbage', `the server sent a line of more than ${this.#limits.lineBytesMax} bytes`));
      searched = all.length;
      await this.#arrival();
    }
  }

  async #bytes(count: number): Promise<Buffer> {
    while (this.#size < count) await this.#arrival();
    this.#joined();
    return this.#take(count);
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#size)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  #take(count: number): Buffer {
    const all = this.#chunks[0] as Buffer;
    this.#chunks = count < all.length ? [all.subarray(count)] : [];
    this.#size = all.length - count;
    return all.subarray(0, count);
  }

  #arrival(): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(this.#fail(new Failure('imap-silent', `the server did not answer within ${this.#limits.replyMs / 1000} seconds`))), this.#limits.replyMs);
      const finish = (failure: Failure | undefined): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        if (failure) reject(failure);
        else resolve();
      };
      const before = this.#size;
      this.#wake = () => {
        if (this.#size > before) finish(undefined);
        else if (this.#failed) finish(this.#failed);
      };
      this.#socket.resume();
    });
  }
}
