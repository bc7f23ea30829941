/** An SMTP server by script, for delivery tests: honest by default, each reply can be replaced, everything is recorded. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type { CertificateAndKey } from '../../src/net/self-signed.ts';

export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly sessions: PeerSession[];
  /** All messages over all sessions. */
  readonly messages: PeerMessage[];
  close(): Promise<void>;
}

export interface PeerMessage {
  readonly mail: string;
  readonly rcpts: readonly string[];
  readonly content: string;
  readonly via: 'DATA' | 'BDAT';
  readonly tls: boolean;
}

export interface PeerSession {
  readonly commands: string[];
  readonly from: string;
  /** Resolves when the connection is closed. */
  readonly ended: Promise<unknown>;
  /** Destroys the connection. */
  drop(): void;
}

/** Called for each command, `greeting` and `content` included; a string is sent instead of the usual reply, '' sends nothing. */
export type Script = (event: { command: string; session: PeerSession; count: number; tls: boolean }) => string | undefined;

export interface PeerOptions {
  readonly address?: string;
  readonly port?: number;
  readonly offers?: readonly string[];
  readonly script?: Script;
  readonly tls?: CertificateAndKey & Pick<SecureContextOptions, 'minVersion' | 'ciphers'>;
  readonly implicitTls?: boolean;
}

const ALL = ['PIPELINING', 'SIZE 1000000', '8BITMIME', 'SMTPUTF8', 'DSN', 'ENHANCEDSTATUSCODES'];

export async function startPeer(options: PeerOptions = {}): Promise<Peer> {
  const sockets = new Set<Socket>();
  const peer = { sessions: [] as PeerSession[], messages: [] as PeerMessage[] };
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new Conversation(socket, options, peer).begin();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...peer,
    address: options.address ?? '127.0.0.1',
    port,
    close: () => new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    }),
  };
}

class Conversation {
  #socket: Socket;
  #buffer = Buffer.alloc(0);
  #state: 'commands' | 'data' | { chunk: number; last: boolean } = 'commands';
  #mail = '';
  #rcpts: string[] = [];
  #chunks: Buffer[] = [];
  #tls = false;
  #count = 0;
  readonly #options: PeerOptions;
  readonly #peer: { sessions: PeerSession[]; messages: PeerMessage[] };
  readonly #session: PeerSession;

  constructor(socket: Socket, options: PeerOptions, peer: { sessions: PeerSession[]; messages: PeerMessage[] }) {
    this.#options = options;
    this.#peer = peer;
    this.#socket = socket;
    const ended = new Promise((resolve) => socket.once('close', resolve));
    this.#session = { commands: [], from: socket.remoteAddress ?? '', ended, drop: () => this.#socket.destroy() };
    peer.sessions.push(this.#session);
  }

  begin(): void {
    if (this.#options.implicitTls) this.#upgrade();
    else this.#listen();
    this.#say('greeting', '220 peer.test ESMTP');
  }

  #listen(): void {
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      while (this.#step());
    });
  }

  #say(command: string, usual: string): string {
    this.#count += 1;
    const reply = this.#options.script?.({ command, session: this.#session, count: this.#count, tls: this.#tls }) ?? usual;
    if (reply !== '' && !this.#socket.destroyed) this.#socket.write(`${reply}\r\n`);
    return reply;
  }

  #step(): boolean {
    if (this.#state === 'data') return this.#takeData();
    if (typeof this.#state === 'object') return this.#takeChunk(this.#state);
    const end = this.#buffer.indexOf('\r\n');
    if (end === -1) return false;
    const line = this.#buffer.toString('utf8', 0, end);
    this.#buffer = this.#buffer.subarray(end + 2);
    this.#session.commands.push(line);
    this.#command(line);
    return true;
  }

  #command(line: string): void {
    const verb = line.split(' ')[0]?.toUpperCase() ?? '';
    switch (verb) {
      case 'EHLO':
        this.#say(line, this.#ehlo());
        break;
      case 'STARTTLS':
        if (this.#say(line, '220 go').startsWith('220')) this.#upgrade();
        break;
      case 'MAIL':
        if (this.#say(line, '250 2.1.0 ok').startsWith('250')) [this.#mail, this.#rcpts] = [line, []];
        break;
      case 'RCPT':
        if (this.#say(line, '250 2.1.5 ok').startsWith('25')) this.#rcpts.push(line);
        break;
      case 'DATA':
        if (this.#say(line, this.#rcpts.length > 0 ? '354 go' : '503 5.5.1 no recipients').startsWith('354')) this.#state = 'data';
        break;
      case 'BDAT':
        this.#state = { chunk: Number(line.split(' ')[1]), last: / LAST$/i.test(line) };
        break;
      case 'QUIT':
        this.#say(line, '221 bye');
        this.#socket.end();
        break;
      default:
        this.#say(line, '250 2.0.0 ok');
    }
  }

  #ehlo(): string {
    const tls = this.#options.tls && !this.#tls && !this.#options.implicitTls ? ['STARTTLS'] : [];
    const lines = ['peer.test', ...(this.#options.offers ?? ALL), ...tls];
    return lines.map((text, index) => `250${index === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n');
  }

  #takeData(): boolean {
    const text = this.#buffer.toString('latin1');
    const end = text.startsWith('.\r\n') ? 0 : text.indexOf('\r\n.\r\n') + 2;
    if (end === 1) return false;
    this.#buffer = this.#buffer.subarray(end + 3);
    this.#state = 'commands';
    this.#finish(text.slice(0, end).replace(/^\./gm, ''), 'DATA');
    return true;
  }

  #takeChunk({ chunk, last }: { chunk: number; last: boolean }): boolean {
    if (this.#buffer.length < chunk) return false;
    this.#chunks.push(this.#buffer.subarray(0, chunk));
    this.#buffer = this.#buffer.subarray(chunk);
    this.#state = 'commands';
    if (last) this.#finish(Buffer.concat(this.#chunks.splice(0)).toString('latin1'), 'BDAT');
    else this.#say('BDAT', '250 ok');
    return true;
  }

  #finish(content: string, via: 'DATA' | 'BDAT'): void {
    const reply = this.#say('content', '250 2.0.0 queued');
    if (reply.startsWith('250')) this.#peer.messages.push({ mail: this.#mail, rcpts: this.#rcpts, content, via, tls: this.#tls });
  }

  #upgrade(): void {
    if (!this.#options.tls) return;
    const { certificatePem: cert, keyPem: key, ...versions } = this.#options.tls;
    this.#socket.removeAllListeners('data');
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext: createSecureContext({ cert, key, ...versions }) });
    this.#tls = true;
    this.#buffer = Buffer.alloc(0);
    this.#listen();
  }
}
