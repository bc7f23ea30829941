/** A client of a line protocol that says exactly the bytes it is told to, and reads lines or counted bytes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

export class RawClient {
  socket: Socket;
  /** Below TLS. */
  readonly rawSocket: Socket;
  closed = false;
  #received: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.rawSocket = socket;
    this.#listen();
  }

  static async open(host: string, port: number, tls?: ConnectionOptions): Promise<RawClient> {
    const socket = tls ? connectTls({ host, port, ...tls }) : connect({ host, port });
    const client = new RawClient(socket);
    await once(socket, tls ? 'secureConnect' : 'connect');
    return client;
  }

  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Without CRLF; rejects when the server closes first. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end >= 0) {
        const text = this.#received.toString('utf8', 0, end);
        this.#received = this.#received.subarray(end + 2);
        return text;
      }
      await this.#more();
    }
  }

  async bytes(size: number): Promise<Buffer> {
    while (this.#received.length < size) await this.#more();
    const bytes = this.#received.subarray(0, size);
    this.#received = this.#received.subarray(size);
    return bytes;
  }

  /** Lines up to the one that is a dot. */
  async untilDot(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.line(); line !== '.'; line = await this.line()) lines.push(line);
    return lines;
  }

  async ask(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return this.line();
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    while (!this.closed) await this.#more().catch(() => undefined);
    return this.#received.toString('latin1');
  }

  async startTls(options: ConnectionOptions): Promise<void> {
    this.socket.removeAllListeners();
    const secure = connectTls({ socket: this.socket, ...options });
    this.socket = secure;
    this.#listen();
    await once(secure, 'secureConnect');
  }

  /** In place of the socket's own bytes, e.g. through a decompressor. */
  replaceInput(through: (chunk: Buffer, push: (data: Buffer) => void) => void): void {
    this.socket.removeAllListeners('data');
    this.socket.on('data', (chunk: Buffer) => through(chunk, (data) => this.#push(data)));
  }

  destroy(): void {
    this.socket.destroy();
  }

  #listen(): void {
    this.socket.on('data', (chunk: Buffer) => this.#push(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
    this.socket.on('end', () => this.socket.end());
  }

  #push(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    this.#wake?.();
  }

  async #more(): Promise<void> {
    if (this.closed) throw new Error(`the server closed; unread: ${this.#received.toString('latin1').slice(0, 200)}`);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
