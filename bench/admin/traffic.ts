/** Mail that comes in and goes out while an administrator gives orders: how long each message waits for its 250, and for the sink. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { LIVE_DOMAIN } from './server.ts';

const EVERY_MS = 25;

export interface Waits {
  /** The longest, milliseconds: from the final dot to its 250, and to the sink. */
  readonly accepted: number;
  readonly delivered: number;
}

export class Traffic {
  readonly #socket: Socket;
  readonly #replies: AsyncIterator<string>;
  readonly #sentAt: number[] = [];
  #arrived = 0;
  #accepted = 0;
  #delivered = 0;
  #ends = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#replies = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async start(address: string, port: number): Promise<Traffic> {
    const socket = connect({ host: address, port, noDelay: true });
    await once(socket, 'connect');
    const traffic = new Traffic(socket);
    await traffic.#reply();
    await traffic.#command('EHLO bench.example');
    traffic.#running = traffic.#run();
    return traffic;
  }

  /** The sink has another one; they are delivered in about the order in which they came. */
  heard(): void {
    const sentAt = this.#sentAt[this.#arrived++];
    if (sentAt !== undefined) this.#delivered = Math.max(this.#delivered, performance.now() - sentAt);
  }

  /** Since it was last asked; those that are still on their way count for as long as they wait already. */
  take(): Waits {
    const waiting = this.#sentAt[this.#arrived];
    const waits = { accepted: this.#accepted, delivered: Math.max(this.#delivered, waiting === undefined ? 0 : performance.now() - waiting) };
    this.#accepted = 0;
    this.#delivered = 0;
    return waits;
  }

  async stop(): Promise<void> {
    this.#ends = true;
    await this.#running;
    this.#socket.end('QUIT\r\n');
  }

  async #run(): Promise<void> {
    while (!this.#ends) {
      await this.#command('MAIL FROM:<sender@bench.example>');
      await this.#command(`RCPT TO:<user@${LIVE_DOMAIN}>`);
      await this.#command('DATA');
      const sentAt = performance.now();
      this.#sentAt.push(sentAt);
      await this.#command('From: <sender@bench.example>\r\nSubject: live\r\n\r\nhello\r\n.');
      this.#accepted = Math.max(this.#accepted, performance.now() - sentAt);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async #command(text: string): Promise<void> {
    this.#socket.write(`${text}\r\n`);
    await this.#reply();
  }

  async #reply(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#replies.next();
      if (done) throw new Error('the server closed the connection');
      if (value[3] === '-') continue;
      if (value.charAt(0) > '3') throw new Error(`the server said ${value}`);
      return;
    }
  }
}
