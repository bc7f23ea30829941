/**
 * A small IMAP client for measuring: sends a command, waits for its tagged reply, and costs as little as it can. The end
 * of a reply is looked for at the end of what has arrived, because nothing follows it when commands are not pipelined.
 */
import { connect, type Socket } from 'node:net';

const COMMAND_TIMEOUT_MS = 60_000;
/** A line with all capabilities is longer than one thinks. */
const TAIL_BYTES = 4096;

export class ImapConnection {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  #size = 0;
  #number = 0;
  #arrived: (() => void) | undefined;
  #failed: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#arrived?.();
    });
    const fail = (why: string): void => {
      this.#failed ??= new Error(why);
      this.#arrived?.();
    };
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the server closed the connection'));
  }

  /** Resolves after the greeting. */
  static async open(port: number): Promise<ImapConnection> {
    const connection = new ImapConnection(connect(port, '127.0.0.1'));
    await connection.#until((tail) => tail.endsWith('\r\n'));
    connection.#take();
    return connection;
  }

  /** The whole reply; rejects unless the tagged line says OK. `literals` are sent each after its continuation. */
  async command(text: string, literals: readonly Buffer[] = []): Promise<Buffer> {
    this.#number += 1;
    const tag = `zq${this.#number}`;
    const pieces = text.split('\0');
    this.#socket.write(`${tag} ${pieces[0]}${literals.length > 0 ? '' : '\r\n'}`);
    for (const [at, literal] of literals.entries()) {
      this.#socket.write(`{${literal.length}}\r\n`);
      await this.#until((tail) => /(?:^|\n)\+[^\n]*\r\n$/.test(tail));
      this.#take();
      this.#socket.write(literal);
      this.#socket.write(`${pieces[at + 1] ?? ''}${at + 1 === literals.length ? '\r\n' : ''}`);
    }
    const ending = new RegExp(`(?:^|\\n)${tag} [^\\r\\n]*\\r\\n$`);
    await this.#until((tail) => ending.test(tail));
    const reply = this.#take();
    const last = reply.toString('latin1', Math.max(0, reply.length - TAIL_BYTES)).split('\r\n').at(-2) ?? '';
    if (!last.startsWith(`${tag} OK`)) throw new Error(`${pieces[0]?.slice(0, 80)}: ${last}`);
    return reply;
  }

  /** Begins IDLE; `news` is called with each chunk that follows. `done` ends it. */
  async idle(news: (text: string) => void): Promise<{ done(): Promise<void> }> {
    this.#number += 1;
    const tag = `zq${this.#number}`;
    this.#socket.write(`${tag} IDLE\r\n`);
    await this.#until((tail) => /(?:^|\n)\+[^\n]*\r\n$/.test(tail));
    this.#take();
    this.#arrived = () => news(this.#take().toString('latin1'));
    return {
      done: async () => {
        this.#arrived = undefined;
        this.#socket.write('DONE\r\n');
        await this.#until((tail) => new RegExp(`(?:^|\\n)${tag} [^\\r\\n]*\\r\\n$`).test(tail));
        this.#take();
      },
    };
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #take(): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [];
    this.#size = 0;
    return all;
  }

  /** The last bytes that arrived, over at most a few chunks. */
  #tail(): string {
    let tail = '';
    for (let at = this.#chunks.length - 1; at >= 0 && tail.length < TAIL_BYTES; at -= 1) {
      const chunk = this.#chunks[at] as Buffer;
      tail = chunk.toString('latin1', Math.max(0, chunk.length - TAIL_BYTES)) + tail;
    }
    return tail;
  }

  #until(found: (tail: string) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(new Error('no reply in time')), COMMAND_TIMEOUT_MS);
      const finish = (error?: Error): void => {
        clearTimeout(timer);
        this.#arrived = undefined;
        if (error) reject(error);
        else resolve();
      };
      this.#arrived = () => {
        if (this.#size > 0 && found(this.#tail())) finish();
        else if (this.#failed) finish(this.#failed);
      };
      this.#arrived();
    });
  }
}
