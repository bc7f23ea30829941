/**
 * For tests of the SMTP server: a server with small ports of its own (a directory of two accounts, an intake that keeps
 * what it is given), and a client that says exactly the bytes it is told to.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { AdjustableClock } from '../../src/base/clock.ts';
import { Log } from '../../src/base/log.ts';
import type { LogEntry } from '../../src/base/log.ts';
import type { Directory, Login, Resolution } from '../../src/contract/directory.ts';
import type { IntakeResult, ReceivedMessage } from '../../src/contract/message.ts';
import type { SmtpServerOptions, SmtpServerPorts } from '../../src/flow/accept/options.ts';
import { createSmtpServer } from '../../src/flow/accept/server.ts';
import type { SmtpServer } from '../../src/flow/accept/server.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import type { CertificateAndKey } from '../../src/net/self-signed.ts';
import { deriveScramKeys } from '../../src/wire/sasl/scram.ts';
import { ReplyParser } from '../../src/wire/smtp/reply.ts';
import type { SmtpReply } from '../../src/wire/smtp/reply.ts';

export const PASSWORD = 'wonderland';

const RESOLUTIONS: Readonly<Record<string, Resolution>> = {
  'alice@example.org': { kind: 'mailbox', account: 'alice@example.org' },
  'bob@example.org': { kind: 'mailbox', account: 'bob@example.org' },
  'postmaster@mail.example.org': { kind: 'alias', targets: ['alice@example.org'] },
  'team@example.org': { kind: 'alias', targets: ['alice@example.org', 'bob@example.org', 'carol@far.example'] },
  'gone@example.org': { kind: 'disabled' },
};

export const directory: Directory = {
  async resolve(address) {
    if (address.startsWith('broken@')) throw new Error('the store is gone');
    const plain = address.toLowerCase().replace(/\+[^@]*@/, '@');
    const known = RESOLUTIONS[plain];
    if (known) return known;
    // A catch-all, the most tempting thing for routed addresses.
    if (plain.endsWith('@catchall.example')) return { kind: 'mailbox', account: 'alice@example.org' };
    return { kind: plain.endsWith('@example.org') ? 'unknown' : 'remote' };
  },
  async isLocalDomain(domain) {
    return domain === 'example.org' || domain === 'catchall.example';
  },
  async maySendAs(account, address) {
    return address.toLowerCase().replace(/\+[^@]*@/, '@') === account;
  },
};

const salt = Buffer.from('0123456789abcdef');
const scramKeys = await deriveScramKeys(PASSWORD, salt, 4096);

export const login: Login = {
  mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'],
  async bearer() {
    return { kind: 'denied', reason: 'token' };
  },
  withdrawn: async (sessions) => sessions.map(() => false),
  async password(user, password) {
    if (user === 'broken') throw new Error('the store is gone');
    if (user === 'throttled') return { kind: 'denied', reason: 'throttled' };
    return user === 'alice@example.org' && password === PASSWORD ? { kind: 'ok', account: user } : { kind: 'denied', reason: 'wrong-password' };
  },
  async scramSha256(user) {
    return { account: user, salt, iterations: 4096, storedKey: scramKeys.storedKey, serverKey: scramKeys.serverKey };
  },
  async scramFinished(user, ok) {
    return ok && user === 'alice@example.org' ? { kind: 'ok', account: user } : { kind: 'denied', reason: 'wrong-password' };
  },
};

export interface Kit {
  readonly server: SmtpServer;
  readonly port: number;
  readonly messages: ReceivedMessage[];
  /** The content of each message, read before intake answers. */
  readonly contents: string[];
  readonly log: LogEntry[];
  readonly clock: AdjustableClock;
  readonly spoolDir: string;
  /** The certificate, PEM. */
  readonly ca: string;
  client(options?: { readonly host?: string }): Promise<Client>;
  /** A client over TLS from the first byte. */
  secureClient(): Promise<Client>;
}

export interface KitOptions {
  readonly service?: SmtpServerOptions['service'];
  readonly trusted?: readonly string[];
  readonly proxies?: readonly string[];
  readonly smtp?: Partial<SmtpServerOptions['config']['smtp']>;
  readonly intake?: (message: ReceivedMessage) => Promise<IntakeResult>;
  readonly ports?: Partial<SmtpServerPorts>;
  readonly greetingDelayMs?: number;
  readonly withoutTls?: boolean;
  readonly listen?: string;
}

const WAIT_MS = 30_000;

let certificate: CertificateAndKey | undefined;

/** Starts a server, runs the test, stops the server and removes its folder. */
export async function withServer(options: KitOptions, test: (kit: Kit) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'posthorn-smtp-'));
  const clock = new AdjustableClock();
  const log: LogEntry[] = [];
  const messages: ReceivedMessage[] = [];
  const contents: string[] = [];
  certificate ??= createCertificate({ subject: 'mail.example.org', altNames: ['mail.example.org', 'localhost'] });
  const { certificatePem: cert, keyPem: key } = certificate;
  const secureContext = createSecureContext({ cert, key });
  const keep = async (message: ReceivedMessage): Promise<IntakeResult> => {
    contents.push((await message.content.read()).toString('latin1'));
    messages.push(message);
    return { kind: 'queued', id: message.id };
  };
  const server = createSmtpServer({
    service: options.service ?? 'smtp',
    listen: options.listen ?? [{ address: '127.0.0.1', port: 0 }],
    hostname: 'mail.example.org',
    config: {
      smtp: { maxMessageSize: 1_000_000, maxRecipients: 100, maxConnections: 100, maxConnectionsPerClient: 20, ...options.smtp },
      networks: { trusted: options.trusted ?? [], cleartextLogin: [], proxies: options.proxies ?? [] },
    },
    secureContext: () => (options.withoutTls ? undefined : secureContext),
    ports: {
      intake: { submit: options.intake ?? keep },
      directory,
      login,
      clock,
      log: new Log((entry) => log.push(entry)),
      clientName: async () => ({ result: 'pass', name: 'client.example.net' }),
      hasDiskSpace: () => true,
      spoolDir: join(dir, 'incoming'),
      ...options.ports,
    },
    ...(options.greetingDelayMs !== undefined && { greetingDelayMs: options.greetingDelayMs }),
  });
  const clients: Client[] = [];
  const track = async (client: Client): Promise<Client> => {
    clients.push(client);
    return client;
  };
  try {
    const port = (await server.listen())[0]?.port ?? 0;
    await test({
      server, port, messages, contents, log, clock, spoolDir: join(dir, 'incoming'), ca: cert,
      client: async (where) => track(new Client(connect({ host: where?.host ?? '127.0.0.1', port, allowHalfOpen: true, noDelay: true }))),
      secureClient: async () => track(new Client(connectTls({ host: '127.0.0.1', port, ca: cert, servername: 'mail.example.org' }))),
    });
  } finally {
    for (const client of clients) client.socket.destroy();
    await server.close(0);
    await rm(dir, { recursive: true, force: true });
  }
}

/** Says bytes, reads replies. Every wait ends after half a minute. */
export class Client {
  socket: Socket;
  readonly replies: SmtpReply[] = [];
  closed = false;
  #parser = new ReplyParser({ replyLineBytesMax: 5000, replyLinesMax: 100, replyBytesMax: 200_000, replyTextCharsMax: 10_000 });
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  #listen(): void {
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => {
      this.#parser.push(chunk);
      for (let result = this.#parser.next(); result.kind === 'reply'; result = this.#parser.next()) this.replies.push(result.reply);
      this.#wake?.();
    });
    socket.on('error', () => {});
    const over = (): void => {
      if (socket !== this.socket) return;
      this.closed = true;
      this.#wake?.();
    };
    socket.on('close', over);
    socket.on('end', over);
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
  }

  /** The next reply; fails when the connection ends first. */
  async reply(): Promise<SmtpReply> {
    await this.#until(() => this.replies.length > 0 || this.closed, 'a reply');
    const reply = this.replies.shift();
    assert.ok(reply, 'the server closed the connection without a reply');
    return reply;
  }

  /** Says a line and returns the reply's code with its enhanced code: `550 5.1.1`. */
  async say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return brief(await this.reply());
  }

  async end(): Promise<void> {
    await this.#until(() => this.closed, 'the end of the connection');
  }

  async greet(): Promise<void> {
    assert.equal((await this.reply()).code, 220);
    assert.equal(await this.say('EHLO client.example.net'), '250');
  }

  async startTls(ca: string): Promise<void> {
    assert.equal(await this.say('STARTTLS'), '220 2.0.0');
    const plain = this.socket;
    plain.removeAllListeners('data');
    this.socket = connectTls({ socket: plain, ca, servername: 'mail.example.org' });
    this.#parser = new ReplyParser({ replyLineBytesMax: 5000, replyLinesMax: 100, replyBytesMax: 200_000, replyTextCharsMax: 10_000 });
    this.#listen();
    assert.equal(await this.say('EHLO client.example.net'), '250');
  }

  async #until(ready: () => boolean, what: string): Promise<void> {
    while (!ready()) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`waited ${WAIT_MS / 1000} s for ${what}`)), WAIT_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

export function brief(reply: SmtpReply): string {
  return reply.enhanced === undefined ? String(reply.code) : `${reply.code} ${reply.enhanced}`;
}
