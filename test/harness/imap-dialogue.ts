/** A bare IMAP client for tests: says exactly the bytes it is told to, and returns the lines it hears. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { createDeflateRaw, createInflateRaw, constants } from 'node:zlib';
import { tlsExporter } from '../../src/net/tls-exporter.ts';

const ANSWER_TIMEOUT_MS = 60_000;

export class ImapDialogue {
  #socket: Socket;
  #write: (bytes: Buffer) => void;
  #heard = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};
  #tags = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#write = (bytes) => void socket.write(bytes);
    this.#listen(socket);
  }

  static async open(host: string, port: number, tls?: { readonly ca: string; readonly servername: string }): Promise<ImapDialogue> {
    const socket = tls ? connectTls({ host, port, ...tls }) : connect({ host, port });
    const dialogue = new ImapDialogue(socket);
    await once(socket, tls ? 'secureConnect' : 'connect');
    socket.setNoDelay(true);
    return dialogue;
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  #take(chunk: Buffer): void {
    this.#heard = Buffer.concat([this.#heard, chunk]);
    this.#wake();
  }

  write(bytes: string | Buffer): void {
    this.#write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
  }

  /** What has come and was not taken yet. */
  get pending(): string {
    return this.#heard.toString('latin1');
  }

  /** The next answer with its literals, without the CRLF at its end, as Latin-1; '' when the server closed the connection. */
  async line(): Promise<string> {
    const deadline = Date.now() + ANSWER_TIMEOUT_MS;
    for (;;) {
      const end = completeAnswer(this.#heard);
      if (end > 0) {
        const line = this.#heard.subarray(0, end - 2).toString('latin1');
        this.#heard = this.#heard.subarray(end);
        return line;
      }
      if (this.#ended) return '';
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer; heard so far: ${JSON.stringify(this.pending)}`)), deadline - Date.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Lines up to the one with this tag, included; or to the end of the connection, then the last is ''. */
  async until(tag: string): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      lines.push(line);
      if (line === '' || line.startsWith(`${tag} `)) return lines;
    }
  }

  /** Sends one command under a tag of its own; its answers, the tag in the last one left out: `OK …`. */
  async say(command: string): Promise<string[]> {
    const tag = `a${++this.#tags}`;
    this.write(`${tag} ${command}\r\n`);
    const lines = await this.until(tag);
    return [...lines.slice(0, -1), (lines.at(-1) as string).slice(tag.length + 1)];
  }

  /** The last line that `say` gets. */
  async result(command: string): Promise<string> {
    return (await this.say(command)).at(-1) as string;
  }

  /** STARTTLS was answered OK: encrypts from here. */
  async startTls(ca: string, servername: string): Promise<void> {
    this.#socket.removeAllListeners();
    const secure = connectTls({ socket: this.#socket, ca, servername });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#write = (bytes) => void secure.write(bytes);
    this.#listen(secure);
  }

  /** COMPRESS was answered OK: both directions are deflated from here. */
  startCompression(): void {
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
    const deflate = createDeflateRaw();
    const socket = this.#socket;
    socket.removeAllListeners('data');
    socket.on('data', (chunk: Buffer) => inflate.write(chunk));
    inflate.on('data', (chunk: Buffer) => this.#take(chunk));
    deflate.on('data', (chunk: Buffer) => void socket.write(chunk));
    this.#write = (bytes) => {
      deflate.write(bytes);
      deflate.flush(constants.Z_SYNC_FLUSH);
    };
  }

  /** Of this connection, for SCRAM-SHA-256-PLUS (RFC 9266). */
  get tlsExporter(): Buffer | undefined {
    return this.#socket instanceof TLSSocket ? tlsExporter(this.#socket) : undefined;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Where the answer at the start of `bytes` ends, behind its CRLF; 0 when it is not all there. */
function completeAnswer(bytes: Buffer): number {
  for (let from = 0; ; ) {
    const end = bytes.indexOf('\r\n', from);
    if (end < 0) return 0;
    const literal = /\{(\d+)\}$/.exec(bytes.subarray(Math.max(from, end - 20), end).toString('latin1'));
    if (!literal) return end + 2;
    from = end + 2 + Number(literal[1]);
    if (from > bytes.length) return 0;
  }
}
