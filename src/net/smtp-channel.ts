/**
 * The socket of one SMTP connection: commands go out in one write per step, replies come in one by one, every wait has a
 * deadline and every failure becomes an SmtpError that names the step.
 *
 * A peer that sends more than it was asked for is cut off. While nothing is asked (the connection is idle), any byte or
 * the end of the connection makes it unusable, quietly.
 */
import type { Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../base/limits.ts';
import type { Reply } from '../contract/message.ts';
import { describeReply, ReplyParser } from '../wire/smtp/reply.ts';
import { SmtpError, type SmtpStep, type StepWatcher } from './smtp-trouble.ts';

export interface ReceivedReply {
  readonly reply: Reply;
  /** Text of each line, for EHLO. */
  readonly lines: readonly string[];
}

interface Waiter {
  readonly step: SmtpStep;
  /** Of the monotonic clock. */
  readonly deadlineMs: number;
  readonly wake: () => void;
}

const ANSWERS_TO_CONTENT: ReadonlySet<SmtpStep> = new Set(['end-of-data', 'recipient-data']);

export class SmtpChannel {
  readonly #clock: Clock;
  #socket: Socket;
  #parser = new ReplyParser(SMTP_CLIENT_LIMITS);
  #ended: string | undefined;
  #local = false;
  /** Whoever waits: for a reply, or for the socket to drain. */
  #waiter: Waiter | undefined;
  #onIdleEnd: (() => void) | undefined;
  #onStep: StepWatcher | undefined;
  /** Writes whose end the kernel has not taken yet. */
  #unsent = 0;

  constructor(socket: Socket, clock: Clock, onStep?: StepWatcher) {
    this.#clock = clock;
    this.#socket = socket;
    this.#onStep = onStep;
    this.#listen(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  get tls(): TLSSocket | undefined {
    return 'getProtocol' in this.#socket ? (this.#socket as TLSSocket) : undefined;
  }

  /** Fit for another transaction: open, and nothing unasked has come. */
  get usable(): boolean {
    return this.#ended === undefined && this.#parser.bufferedBytes === 0;
  }

  /** Who is told of each step from now on; undefined: nobody. */
  watchSteps(onStep: StepWatcher | undefined): void {
    this.#onStep = onStep;
  }

  write(data: string | Buffer): void {
    if (this.#ended === undefined) this.#socket.write(data);
  }

  /** Several pieces in one system call where the socket can. */
  writePieces(pieces: readonly (string | Buffer)[]): boolean {
    if (this.#ended !== undefined || pieces.length === 0) return true;
    this.#socket.cork();
    let room = true;
    const last = pieces.length - 1;
    this.#unsent += 1;
    for (const [at, piece] of pieces.entries()) room = at === last ? this.#socket.write(piece, (error) => this.#sent(error)) : this.#socket.write(piece);
    this.#socket.uncork();
    return room;
  }

  #sent(error: Error | null | undefined): void {
    // What failed was not sent, and the connection with it is over.
    if (error) return;
    this.#unsent -= 1;
    if (this.#unsent === 0 && this.#waiter) this.#onStep?.(this.#waiter.step, this.#waiter.deadlineMs - this.#clock.monotonic());
  }

  async drain(step: SmtpStep, timeoutMs: number): Promise<void> {
    while (this.#ended === undefined && this.#socket.writableNeedDrain) {
      this.#onStep?.(step, timeoutMs);
      await this.#wait(step, timeoutMs);
    }
    if (this.#ended !== undefined) throw this.#lost(step);
  }

  /**
   * The next reply. A reply that came before the connection ended still counts; a refusal, and any word on the content,
   * also without its end: the code is all we ask for, and to send a message again that was taken makes it two.
   */
  async read(step: SmtpStep, timeoutMs: number): Promise<ReceivedReply> {
    try {
      return await this.#readWhole(step, timeoutMs);
    } catch (error) {
      const begun = this.#parser.begun();
      if (!begun || (begun.reply.code < 400 && !ANSWERS_TO_CONTENT.has(step))) throw error;
      this.destroy('the end of a reply did not come');
      return begun;
    }
  }

  /** True when something has come that nobody asked for: what is read next would be no answer to what is sent next. */
  get hasUnread(): boolean {
    return this.#parser.bufferedBytes > 0;
  }

  /** To be called before something is sent that is answered; nothing may be waiting to be read. */
  expectQuiet(step: SmtpStep): void {
    if (!this.hasUnread) return;
    const early = this.#parser.next();
    throw this.#garbage(step, `it answers before it is asked${early.kind === 'reply' ? `: ${describeReply(early.reply).slice(0, 200)}` : ''}`);
  }

  async #readWhole(step: SmtpStep, timeoutMs: number): Promise<ReceivedReply> {
    const deadlineMs = this.#clock.monotonic() + timeoutMs;
    this.#onStep?.(this.#reached(step), timeoutMs);
    for (;;) {
      const result = this.#parser.next();
      if (result.kind === 'reply') return result;
      if (result.kind === 'malformed') throw this.#garbage(step, result.detail);
      if (this.#ended !== undefined) throw this.#lost(this.#reached(step));
      await this.#wait(step, Math.max(0, deadlineMs - this.#clock.monotonic()));
    }
  }

  /** Nobody answers a text whose end has not left: it cannot have been taken. */
  #reached(step: SmtpStep): SmtpStep {
    return this.#unsent > 0 && ANSWERS_TO_CONTENT.has(step) ? 'body' : step;
  }

  /** Goes over to TLS. Bytes that came in the clear behind the go-ahead are an attack: nothing of them is kept. */
  async startTls(options: ConnectionOptions): Promise<TLSSocket> {
    if (this.hasUnread) throw this.#garbage('tls', 'data in the clear after STARTTLS was agreed');
    this.#onStep?.('tls', SMTP_CLIENT_LIMITS.tlsHandshakeTimeoutMs);
    const plain = this.#socket;
    plain.removeAllListeners();
    plain.on('error', () => {});
    this.#parser = new ReplyParser(SMTP_CLIENT_LIMITS);
    const socket = tlsConnect({ ...options, socket: plain });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      const fail = (detail: string): void => {
        timer.cancel();
        this.destroy(detail);
        plain.destroy();
        reject(new SmtpError({ kind: 'tls', step: 'tls', detail }));
      };
      const timer = this.#clock.timer(SMTP_CLIENT_LIMITS.tlsHandshakeTimeoutMs, () => fail('the TLS handshake took too long'));
      socket.once('secureConnect', () => {
        timer.cancel();
        socket.removeAllListeners();
        resolve();
      });
      socket.once('error', (error: NodeJS.ErrnoException & { readonly reason?: string }) => fail(handshakeProblem(error)));
      socket.once('close', () => fail('the connection ended during the TLS handshake'));
    });
    socket.setNoDelay(true);
    this.#listen(socket);
    return socket;
  }

  /** Ends the connection after this time unless cancelled. */
  limit(timeoutMs: number): Timer {
    return this.#clock.timer(timeoutMs, () => this.destroy('the peer is too slow altogether'));
  }

  /** Calls back once when an idle connection becomes unusable; undefined to stop. */
  watchIdle(onEnd: (() => void) | undefined): void {
    this.#onIdleEnd = onEnd;
    if (onEnd && !this.usable) this.#endIdle();
  }

  /** Sends QUIT and gives the peer a moment to answer; then the connection is gone in any case. */
  quit(): void {
    if (this.#ended !== undefined) return;
    const socket = this.#socket;
    const timer = this.#clock.timer(SMTP_CLIENT_LIMITS.quitTimeoutMs, () => socket.destroy());
    socket.once('close', () => timer.cancel());
    socket.removeAllListeners('data');
    socket.once('data', () => socket.destroy());
    socket.end('QUIT\r\n');
    this.#ended = 'we have left';
    socket.unref();
  }

  /** Ends at once; whoever waits gets `detail`, as our own doing when `local`. */
  destroy(detail: string, local = false): void {
    if (this.#ended === undefined) {
      this.#ended = detail;
      this.#local = local;
    }
    this.#socket.destroy();
    this.#wake();
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#parser.push(chunk);
      if (this.#parser.bufferedBytes > SMTP_CLIENT_LIMITS.unreadBytesMax) this.#end('the peer sends without end');
      this.#wake();
    });
    socket.on('drain', () => this.#wake());
    socket.on('end', () => this.#end('the peer closed the connection'));
    socket.on('close', () => this.#end('the connection was closed'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
  }

  #end(detail: string): void {
    this.#ended ??= detail;
    this.#socket.destroy();
    this.#wake();
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter) waiter.wake();
    else if (!this.usable) this.#endIdle();
  }

  #endIdle(): void {
    const onEnd = this.#onIdleEnd;
    this.#onIdleEnd = undefined;
    onEnd?.();
  }

  #wait(step: SmtpStep, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.timer(timeoutMs, () => {
        this.#waiter = undefined;
        const detail = 'the peer did not answer in time';
        const reached = this.#reached(step);
        this.destroy(detail);
        reject(new SmtpError({ kind: 'timeout', step: reached, detail }));
      });
      this.#waiter = {
        step, deadlineMs: this.#clock.monotonic() + timeoutMs,
        wake: () => {
          timer.cancel();
          resolve();
        },
      };
    });
  }

  #lost(step: SmtpStep): SmtpError {
    const detail = this.#ended ?? 'the connection ended';
    return new SmtpError(this.#local ? { kind: 'local', step, detail } : { kind: 'lost', step, detail });
  }

  #garbage(step: SmtpStep, detail: string): SmtpError {
    this.destroy(detail);
    return new SmtpError({ kind: 'garbage', step, detail });
  }
}

/** OpenSSL's reason alone: its message has file names and line numbers. */
function handshakeProblem({ reason, code, message }: NodeJS.ErrnoException & { readonly reason?: string }): string {
  return `the TLS handshake failed: ${(reason ?? code ?? message).slice(0, 200)}`;
}
