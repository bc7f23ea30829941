/**
 * A provider with rules of its own, for the whole server to meet: an SMTP server on its own address whose every answer
 * can be replaced by what the rules say at that moment of the clock. It keeps what it took, and counts what it refused.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../src/base/clock.ts';

/** What a rule sees. */
export interface RogueView {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Address of the client. */
  readonly from: string;
  /** Connections that are open now, this one included. */
  readonly open: number;
  /** Messages taken over this connection. */
  readonly taken: number;
  /** Messages taken from this client in the last so many milliseconds. */
  takenWithin(ms: number): number;
}

/** undefined: as usual; '': close without a word; a reply that begins with 421 closes, too. */
export type Answer = string | undefined;

export interface RogueRules {
  /** It thinks so long, in real milliseconds, before it answers to a message. Default 0. */
  readonly thinkMs?: number;
  readonly greeting?: (view: RogueView) => Answer;
  readonly ehlo?: (view: RogueView, name: string) => Answer;
  readonly mail?: (view: RogueView, sender: string) => Answer;
  readonly rcpt?: (view: RogueView, address: string) => Answer;
  readonly data?: (view: RogueView) => Answer;
  readonly content?: (view: RogueView, content: string) => Answer;
}

export interface TakenMessage {
  readonly at: number;
  readonly from: string;
  readonly recipients: readonly string[];
  readonly content: string;
}

export class RogueProvider {
  readonly messages: TakenMessage[] = [];
  /** Every answer that was no welcome, and when. */
  readonly refusals: { readonly at: number; readonly reply: string; readonly about: string }[] = [];
  connections = 0;
  /** Most that were open at once. */
  openMax = 0;
  rules: RogueRules;
  readonly #clock: Clock;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(clock: Clock, rules: RogueRules = {}) {
    this.#clock = clock;
    this.rules = rules;
  }

  async listen(address: string, port: number): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      this.connections += 1;
      this.openMax = Math.max(this.openMax, this.#sockets.size);
      socket.on('close', () => this.#sockets.delete(socket));
      new RogueSession(this, socket, (taken) => this.#view(socket, taken)).begin();
    });
    this.#server = server.listen(port, address);
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
    if (this.#server?.listening) await once(this.#server, 'close');
  }

  /** Recipients of everything taken, sorted. */
  get recipients(): readonly string[] {
    return this.messages.flatMap(({ recipients }) => recipients).sort();
  }

  refusedBetween(from: number, to: number): number {
    return this.refusals.filter(({ at }) => at >= from && at < to).length;
  }

  #view(socket: Socket, taken: number): RogueView {
    const now = this.#clock.now();
    const from = socket.remoteAddress ?? '';
    return {
      now, from, open: this.#sockets.size, taken,
      takenWithin: (ms) => this.messages.filter((message) => message.from === from && message.at > now - ms).length,
    };
  }
}

const USUAL = { greeting: '220 rogue ESMTP', ehlo: '250-rogue\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES', mail: '250 2.1.0 ok', rcpt: '250 2.1.5 ok', data: '354 go on', content: '250 2.0.0 taken' } as const;

class RogueSession {
  readonly #provider: RogueProvider;
  readonly #socket: Socket;
  readonly #view: (taken: number) => RogueView;
  #buffer = '';
  #inContent = false;
  #hasSender = false;
  #recipients: string[] = [];
  #taken = 0;

  constructor(provider: RogueProvider, socket: Socket, view: (taken: number) => RogueView) {
    this.#provider = provider;
    this.#socket = socket;
    this.#view = view;
  }

  begin(): void {
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk: Buffer) => {
      this.#buffer += chunk.toString('latin1');
      while (this.#step());
    });
    this.#answer('greeting', '', (view) => this.#provider.rules.greeting?.(view));
  }

  #step(): boolean {
    // RFC 2920 §3.1: who pipelined DATA after a refusal sends a message without lines.
    if (this.#inContent && this.#buffer.startsWith('.\r\n')) this.#buffer = `\r\n${this.#buffer}`;
    const mark = this.#inContent ? '\r\n.\r\n' : '\r\n';
    const end = this.#buffer.indexOf(mark);
    if (end < 0 || this.#socket.writableEnded) return false;
    const text = this.#buffer.slice(0, end);
    this.#buffer = this.#buffer.slice(end + mark.length);
    if (this.#inContent) this.#think(text);
    else this.#command(text);
    return true;
  }

  #command(line: string): void {
    const { rules } = this.#provider;
    const verb = line.slice(0, 4).toUpperCase();
    const path = /<([^>]*)>/.exec(line)?.[1] ?? '';
    if (verb === 'EHLO' || verb === 'HELO') this.#answer('ehlo', '', (view) => rules.ehlo?.(view, line.slice(5)));
    else if (verb === 'MAIL') {
      this.#recipients = [];
      this.#hasSender = this.#answer('mail', path, (view) => rules.mail?.(view, path));
    } else if (verb === 'RCPT') {
      if (!this.#hasSender) this.#socket.write('503 5.5.1 MAIL first\r\n');
      else if (this.#answer('rcpt', path, (view) => rules.rcpt?.(view, path))) this.#recipients.push(path);
    } else if (verb === 'DATA') {
      if (this.#recipients.length === 0) this.#socket.write('554 5.5.1 no valid recipients\r\n');
      else this.#inContent = this.#answer('data', '', (view) => rules.data?.(view));
    } else if (verb === 'QUIT') this.#socket.end('221 bye\r\n');
    else this.#socket.write('250 2.0.0 ok\r\n');
  }

  #think(content: string): void {
    const { thinkMs = 0 } = this.#provider.rules;
    if (thinkMs === 0) this.#takeContent(content);
    else setTimeout(() => this.#takeContent(content), thinkMs);
  }

  #takeContent(content: string): void {
    this.#inContent = false;
    if (!this.#answer('content', '', (view) => this.#provider.rules.content?.(view, content))) return;
    this.#taken += 1;
    this.#provider.messages.push({ at: this.#view(0).now, from: this.#socket.remoteAddress ?? '', recipients: this.#recipients, content });
  }

  /** True when it was the usual answer. */
  #answer(step: keyof typeof USUAL, about: string, rule: (view: RogueView) => Answer): boolean {
    const view = this.#view(this.#taken);
    const reply = rule(view);
    if (reply === undefined) {
      this.#socket.write(`${USUAL[step]}\r\n`);
      return true;
    }
    this.#provider.refusals.push({ at: view.now, reply: reply || `closed at ${step}`, about });
    if (reply === '') this.#socket.destroy();
    else if (reply.startsWith('421')) this.#socket.end(`${reply}\r\n`);
    else this.#socket.write(`${reply}\r\n`);
    return false;
  }
}
