/**
 * One connection as the simulated receiver reads it: lines, data blocks, exact lengths; bounded, with an idle deadline
 * on the lab's clock. Only CRLF ends a line and only CRLF "." CRLF ends data.
 */
import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Clock, Timer } from '../../base/clock.ts';
import type { TlsFacts } from '../../contract/message.ts';
import { formatReply, type SmtpReply } from '../../wire/smtp/reply.ts';

const LINE_BYTES_MAX = 8192;
const IDLE_MS = 300_000;
/** Who is meant to run into a time-out must not be hung up on before (RFC 5321 §4.5.3.2: ten minutes at most). */
const SILENT_MS = 3_600_000;
/** RFC 8446 §6: alert record, TLS 1.2, fatal, handshake_failure. */
const HANDSHAKE_FAILURE = Buffer.from('15030300020228', 'hex');
const CRLF = Buffer.from('\r\n');
const END_OF_DATA = Buffer.from('\r\n.\r\n');

export class Channel {
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly #clock: Clock;
  #socket: Socket;
  #chunks: Buffer[] = [];
  #closed = false;
  #wake: (() => void) | undefined;
  #idle: Timer | undefined;

  constructor(socket: Socket, clock: Clock, seenAs = (from: string): string => from) {
    this.#socket = socket;
    this.#clock = clock;
    this.clientAddress = seenAs(socket.remoteAddress ?? '');
    this.clientPort = socket.remotePort ?? 0;
    this.#listen(socket);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Undefined when the connection ended, or the line is too long (which ends it). */
  async readLine(): Promise<string | undefined> {
    const line = await this.#readUntil(CRLF, LINE_BYTES_MAX);
    if (typeof line === 'string') this.destroy();
    return Buffer.isBuffer(line) ? line.toString('utf8') : undefined;
  }

  /** The message, dot-unstuffed; `too-big` after it was read to its end. */
  async readData(sizeBytesMax: number): Promise<Buffer | 'too-big' | undefined> {
    // The line end of the DATA command counts as the first half of the terminator: an empty message is just a dot.
    this.#chunks.unshift(CRLF);
    const block = await this.#readUntil(END_OF_DATA, sizeBytesMax);
    if (!Buffer.isBuffer(block)) return block;
    return unstuff(Buffer.concat([block.subarray(CRLF.length), block.length > CRLF.length ? CRLF : Buffer.alloc(0)]));
  }

  async readExact(length: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const chunk = this.#chunks.shift();
      if (!chunk) {
        if (!(await this.#more())) return undefined;
        continue;
      }
      pieces.push(chunk.subarray(0, missing));
      if (chunk.length > missing) this.#chunks.unshift(chunk.subarray(missing));
      missing -= Math.min(chunk.length, missing);
    }
    return Buffer.concat(pieces);
  }

  write(reply: SmtpReply): void {
    if (!this.#closed) this.#socket.write(formatReply(reply));
  }

  /** What was received in the clear is forgotten. Undefined when the handshake fails. */
  async startTls(context: SecureContext): Promise<TlsFacts | undefined> {
    const plain = this.#socket;
    plain.removeAllListeners();
    plain.on('error', () => {});
    this.#chunks = [];
    const secure = new TLSSocket(plain, { isServer: true, secureContext: context });
    const established = await new Promise<boolean>((resolve) => {
      secure.once('secure', () => resolve(true));
      secure.once('error', () => resolve(false));
      secure.once('close', () => resolve(false));
    });
    this.#socket = secure;
    this.#listen(secure);
    if (!established) {
      this.destroy();
      return undefined;
    }
    return { version: secure.getProtocol() ?? 'unknown', cipher: secure.getCipher().standardName };
  }

  /** Answers the client's first handshake message with a fatal alert, and closes. */
  async failTls(): Promise<void> {
    this.#chunks = [];
    if (await this.#more()) this.#socket.write(HANDSHAKE_FAILURE);
    this.end();
  }

  /** Sends what is written, then closes. */
  end(): void {
    this.#socket.end();
    this.#finish();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#finish();
  }

  /** Resolves when the other side goes away. */
  async untilClosed(): Promise<void> {
    while (await this.#more(SILENT_MS)) this.#chunks = [];
  }

  async #readUntil(mark: Buffer, bytesMax: number): Promise<Buffer | 'too-big' | undefined> {
    let seen = Buffer.concat(this.#chunks);
    this.#chunks = [];
    let overflow = false;
    let searchFrom = 0;
    for (;;) {
      const at = seen.indexOf(mark, searchFrom);
      if (at >= 0) {
        if (at + mark.length < seen.length) this.#chunks.unshift(seen.subarray(at + mark.length));
        return overflow || at > bytesMax ? 'too-big' : seen.subarray(0, at);
      }
      if (seen.length > bytesMax + mark.length) {
        overflow = true;
        seen = seen.subarray(seen.length - mark.length);
        // A command line without end is not worth waiting for; data is read to its end.
        if (mark === CRLF) return 'too-big';
      }
      searchFrom = Math.max(0, seen.length - mark.length + 1);
      if (!(await this.#more())) return undefined;
      seen = Buffer.concat([seen, ...this.#chunks]);
      this.#chunks = [];
    }
  }

  /** Waits for bytes; false when there will be none. */
  async #more(limitMs = IDLE_MS): Promise<boolean> {
    if (this.#chunks.length > 0) return true;
    if (this.#closed) return false;
    this.#idle = this.#clock.timer(limitMs, () => this.destroy());
    this.#socket.resume();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#idle.cancel();
    return this.#chunks.length > 0;
  }

  #listen(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      socket.pause();
      this.#wake?.();
    });
    socket.on('error', () => this.#finish());
    socket.on('end', () => this.end());
    socket.on('close', () => this.#finish());
    socket.pause();
  }

  #finish(): void {
    this.#closed = true;
    this.#idle?.cancel();
    this.#wake?.();
  }
}

/** RFC 5321 §4.5.2. */
function unstuff(data: Buffer): Buffer {
  if (data[0] !== 0x2e && data.indexOf('\r\n.') < 0) return data;
  const pieces: Buffer[] = [];
  let from = data[0] === 0x2e ? 1 : 0;
  for (let at = data.indexOf('\r\n.', from); at >= 0; at = data.indexOf('\r\n.', from)) {
    pieces.push(data.subarray(from, at + 2));
    from = at + 3;
  }
  pieces.push(data.subarray(from));
  return Buffer.concat(pieces);
}
