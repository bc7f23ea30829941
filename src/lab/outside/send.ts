/**
 * A small SMTP sender for the lab's inhabitants. Unlike the server's own client it sends bytes exactly as told, also
 * wrong ones, and it reports the reply that decided instead of judging it.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../base/limits.ts';
import type { Connector } from '../../net/connector.ts';
import { ReplyParser, type SmtpReply } from '../../wire/smtp/reply.ts';

export interface SendRequest {
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly helo: string;
  /** '' is the null sender. */
  readonly sender: string;
  readonly recipient: string;
  /** After the address in MAIL FROM, e.g. `SMTPUTF8`. */
  readonly mailParameters?: string;
  /** Without the final dot. */
  readonly content: Buffer;
  /** Send the content as it is, without dot-stuffing and without a line end of our own before the dot. Default false. */
  readonly raw?: boolean;
}

export interface SendResult {
  /** The command whose reply decided. */
  readonly step: 'connect' | 'greeting' | 'ehlo' | 'starttls' | 'mail' | 'rcpt' | 'data' | 'content';
  /** Absent when the connection failed or broke. */
  readonly reply?: SmtpReply;
  readonly error?: string;
  readonly tls: boolean;
}

const STEP_TIMEOUT_MS = 60_000;

export async function sendMail(connector: Connector, clock: Clock, request: SendRequest): Promise<SendResult> {
  const dialogue = new Dialogue(clock);
  try {
    dialogue.use(await connector.connect({ address: request.address, port: request.port, localAddress: request.localAddress, timeoutMs: STEP_TIMEOUT_MS }));
    return await converse(dialogue, request);
  } catch (error) {
    return { step: dialogue.step, error: error instanceof Error ? error.message : String(error), tls: dialogue.tls };
  } finally {
    dialogue.close();
  }
}

async function converse(dialogue: Dialogue, request: SendRequest): Promise<SendResult> {
  const result = (reply: SmtpReply): SendResult => ({ step: dialogue.step, reply, tls: dialogue.tls });
  const greeting = await dialogue.expect('greeting');
  if (greeting.code !== 220) return result(greeting);
  let hello = await dialogue.command('ehlo', `EHLO ${request.helo}`);
  if (hello.code === 250 && /^STARTTLS$/im.test(hello.text)) {
    const ready = await dialogue.command('starttls', 'STARTTLS');
    if (ready.code !== 220) return result(ready);
    await dialogue.startTls();
    hello = await dialogue.command('ehlo', `EHLO ${request.helo}`);
  }
  if (hello.code !== 250) return result(hello);
  const parameters = request.mailParameters === undefined ? '' : ` ${request.mailParameters}`;
  const mail = await dialogue.command('mail', `MAIL FROM:<${request.sender}>${parameters}`);
  if (mail.code !== 250) return result(mail);
  const rcpt = await dialogue.command('rcpt', `RCPT TO:<${request.recipient}>`);
  if (rcpt.code !== 250) return result(rcpt);
  const data = await dialogue.command('data', 'DATA');
  if (data.code !== 354) return result(data);
  dialogue.write(request.raw ? request.content : stuff(request.content));
  const final = await dialogue.command('content', request.raw ? '\r\n.' : '.');
  dialogue.write(Buffer.from('QUIT\r\n'));
  return { step: 'content', reply: final, tls: dialogue.tls };
}

/** RFC 5321 §4.5.2, with a line end before the final dot. */
function stuff(content: Buffer): Buffer {
  const text = content.toString('latin1');
  const ended = text.endsWith('\r\n') || text === '' ? text : `${text}\r\n`;
  return Buffer.from((ended.startsWith('.') ? `.${ended}` : ended).replaceAll('\r\n.', '\r\n..'), 'latin1');
}

class Dialogue {
  step: SendResult['step'] = 'connect';
  tls = false;
  readonly #clock: Clock;
  #parser = new ReplyParser(SMTP_CLIENT_LIMITS);
  #socket: Socket | undefined;
  #ended: Error | undefined;
  #wake: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  use(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#parser.push(chunk);
      this.#wake();
    });
    const end = (error?: Error): void => {
      this.#ended ??= error ?? new Error('the connection was closed');
      this.#wake();
    };
    socket.on('error', end);
    socket.on('close', () => end());
  }

  write(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  command(step: SendResult['step'], line: string): Promise<SmtpReply> {
    this.write(Buffer.from(`${line}\r\n`));
    return this.expect(step);
  }

  async expect(step: SendResult['step']): Promise<SmtpReply> {
    this.step = step;
    let late = false;
    const timer = this.#clock.timer(STEP_TIMEOUT_MS, () => {
      late = true;
      this.#wake();
    });
    try {
      for (;;) {
        const parsed = this.#parser.next();
        if (parsed.kind === 'reply') return parsed.reply;
        if (parsed.kind === 'malformed') throw new Error(parsed.detail);
        if (this.#ended) throw this.#ended;
        if (late) throw new Error(`no reply within ${STEP_TIMEOUT_MS / 1000} s`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      timer.cancel();
    }
  }

  /** Takes any certificate: who is asked is fixed by address, and what is tested is mail, not trust. */
  async startTls(): Promise<void> {
    const plain = this.#socket as Socket;
    plain.removeAllListeners('data');
    plain.removeAllListeners('close');
    const secure: TLSSocket = connectTls({ socket: plain, rejectUnauthorized: false });
    await once(secure, 'secureConnect', { signal: AbortSignal.timeout(STEP_TIMEOUT_MS) });
    this.#parser = new ReplyParser(SMTP_CLIENT_LIMITS);
    this.tls = true;
    this.use(secure);
  }

  close(): void {
    this.#socket?.end();
    this.#clock.timer(SMTP_CLIENT_LIMITS.quitTimeoutMs, () => this.#socket?.destroy());
  }
}
