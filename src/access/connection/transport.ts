/**
 * The bytes of one connection, through whatever layers there are: the socket, TLS, compression.
 *
 * Policy: idle it keeps no buffers; who owns it is told by callbacks, and asks for more by `resume`.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { InflateRaw } from 'node:zlib';
import { compress, createDecompressor } from './compression.ts';

export interface TransportOwner {
  data(chunk: Buffer): void;
  /** The client will send no more; it may still read. */
  ended(): void;
  /** The client has read what was written. */
  writable(): void;
  /** Over, for whatever reason; called once. */
  closed(): void;
}

export class Transport {
  readonly #owner: TransportOwner;
  readonly #raw: Socket;
  #socket: Socket;
  #inflater: InflateRaw | undefined;
  #closed = false;
  #ending = false;

  constructor(socket: Socket, owner: TransportOwner) {
    this.#raw = socket;
    this.#socket = socket;
    this.#owner = owner;
    socket.on('error', ignore);
    socket.on('close', () => this.#over());
    this.#listen();
  }

  get tls(): TLSSocket | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket : undefined;
  }

  get isCompressed(): boolean {
    return this.#inflater !== undefined;
  }

  /** Bytes written that the system has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** `writable` will tell when more should be written. */
  get mustDrain(): boolean {
    return !this.#closed && this.#socket.writableNeedDrain;
  }

  write(batch: readonly (string | Uint8Array)[]): void {
    if (this.#closed || this.#ending) return;
    if (this.#inflater) return void this.#socket.write(compress(joined(batch)));
    if (batch.length === 1) return void this.#socket.write(batch[0] as string | Uint8Array, 'utf8');
    this.#socket.cork();
    for (const piece of batch) this.#socket.write(piece, 'utf8');
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
    this.#inflater?.pause();
  }

  resume(): void {
    if (this.#inflater?.isPaused()) this.#inflater.resume();
    if (this.#socket.isPaused() && this.#inflater?.writableNeedDrain !== true) this.#socket.resume();
  }

  /** No more is written; what the client still sends is dropped. */
  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#socket.removeAllListeners('data');
    this.#socket.end();
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  /**
   * Goes over to TLS as the server; `unread` are bytes of the handshake that came with something else. What came before is
   * dropped. False: it failed, and the connection is gone. The caller sets the deadline.
   */
  startTls(context: SecureContext, unread?: Buffer): Promise<boolean> {
    const raw = this.#raw;
    for (const event of ['data', 'end', 'drain']) raw.removeAllListeners(event);
    raw.pause();
    while (raw.read() !== null);
    if (unread && unread.length > 0) raw.unshift(unread);
    const secure = new TLSSocket(raw, { isServer: true, secureContext: context, requestCert: false });
    this.#socket = secure;
    return new Promise((resolve) => {
      const failed = (): void => {
        resolve(false);
        this.destroy();
      };
      secure.on('error', failed);
      secure.on('_tlsError', failed);
      // Who stops talking in the middle of the handshake will not finish it.
      secure.once('end', failed);
      secure.on('close', () => {
        failed();
        this.#over();
      });
      secure.on('secure', () => {
        secure.off('end', failed);
        // What came with the last bytes of the handshake waits until it is asked for.
        secure.pause();
        this.#listen();
        resolve(true);
      });
    });
  }

  /** `unread` is what came in already and has to be decompressed. */
  startCompression(unread: Buffer): void {
    const inflater = createDecompressor((chunk) => this.#owner.data(chunk), () => this.destroy());
    inflater.on('drain', () => {
      if (!inflater.isPaused()) this.#socket.resume();
    });
    this.#inflater = inflater;
    if (unread.length > 0) inflater.write(unread);
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => this.#received(chunk));
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('drain', () => this.#owner.writable());
  }

  #received(chunk: Buffer): void {
    if (!this.#inflater) return this.#owner.data(chunk);
    if (!this.#inflater.write(chunk)) this.#socket.pause();
  }

  #ended(): void {
    // Behind what is being decompressed.
    if (this.#inflater) this.#inflater.flush(() => this.#owner.ended());
    else this.#owner.ended();
  }

  #over(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inflater?.destroy();
    this.#owner.closed();
  }
}

function joined(batch: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces = batch.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece));
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}

function ignore(): void {
  // 'close' follows every error and says all there is to do.
}
