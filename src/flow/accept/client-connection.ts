/**
 * One client's connection: bytes in and out, one deadline, TLS. It knows no SMTP; who listens is told by callbacks that
 * may be exchanged (first the greeter, then the session).
 *
 * Policy: a client that does not read what we write is cut off; a deadline is always set while we wait for the client.
 * The deadline's timer is armed lazily: moving it ahead, as every command does, costs a comparison.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Clock, Timer } from '../../base/clock.ts';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';

export interface ConnectionListener {
  data(chunk: Buffer): void;
  /** The client will send no more; it may still read. */
  end(): void;
  /** Over, for whatever reason; called once. */
  close(): void;
  deadline(): void;
  /** The client has read what was written. */
  drain(): void;
}

export class ClientConnection {
  listener: ConnectionListener = SILENT;
  socket: Socket;
  closed = false;
  readonly #clock: Clock;
  readonly #rawSocket: Socket;
  #ending = false;
  #timer: Timer | undefined;
  #timerDueAt = 0;
  #deadlineAt = Number.POSITIVE_INFINITY;
  readonly #onClose: (() => void)[] = [];

  constructor(socket: Socket, clock: Clock) {
    this.socket = socket;
    this.#rawSocket = socket;
    this.#clock = clock;
    socket.on('error', ignore);
    socket.on('close', () => this.#over());
    this.#listen();
  }

  /** Writes and keeps the connection; false when the client must read first (`drain` tells when it has). */
  write(text: string): boolean {
    if (this.closed || this.#ending) return true;
    const taken = this.socket.write(text, 'utf8');
    if (this.socket.writableLength > SMTP_SERVER_LIMITS.writeBufferBytesMax) this.destroy();
    return taken;
  }

  /** True once the last words are said. */
  get isEnding(): boolean {
    return this.#ending;
  }

  /**
   * The last words; what the client still sends is dropped. We close when the client does (a close with unread input is
   * a reset, which destroys the words on their way), or soon after; `linger` false: as soon as the words are out.
   */
  end(text: string, linger = true): void {
    if (this.closed || this.#ending) return;
    this.#ending = true;
    this.listener.close();
    this.listener = SILENT;
    this.setDeadline(SMTP_SERVER_LIMITS.lingerTimeoutMs);
    this.socket.end(text, 'utf8', () => {
      if (!linger) this.socket.destroySoon();
    });
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
    this.#rawSocket.destroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (this.socket.isPaused()) this.socket.resume();
  }

  /** Called once when the socket is gone; at once when it is already. */
  onClose(then: () => void): void {
    if (this.closed) then();
    else this.#onClose.push(then);
  }

  /** Milliseconds from now until `deadline` is called, unless moved. */
  setDeadline(delayMs: number): void {
    this.#deadlineAt = this.#clock.monotonic() + delayMs;
    if (this.#timer === undefined || this.#deadlineAt < this.#timerDueAt) this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timerDueAt = this.#deadlineAt;
    this.#timer = this.#clock.timer(Math.max(0, this.#deadlineAt - this.#clock.monotonic()), () => this.#timerFired());
  }

  #timerFired(): void {
    this.#timer = undefined;
    if (this.closed) return;
    // A millisecond of tolerance: timers may fire early by rounding.
    if (this.#deadlineAt - this.#clock.monotonic() > 1) return this.#arm();
    if (this.#ending) this.destroy();
    else this.listener.deadline();
  }

  /**
   * Goes over to TLS as the server; `unread` are bytes that belong to the handshake already. Resolves undefined when it
   * failed, took too long or the client went away; else the connection is paused. It has a deadline of its own, because
   * the session's is meanwhile that of a command being worked on, which is much longer.
   */
  startTls(context: SecureContext, unread?: Buffer): Promise<TLSSocket | undefined> {
    const raw = this.#rawSocket;
    raw.removeAllListeners('data');
    raw.removeAllListeners('end');
    raw.removeAllListeners('drain');
    raw.pause();
    if (unread && unread.length > 0) raw.unshift(unread);
    const secure = new TLSSocket(raw, { isServer: true, secureContext: context, requestCert: false });
    this.socket = secure;
    return new Promise((resolve) => {
      const failed = (): void => {
        timer.cancel();
        resolve(undefined);
        this.destroy();
      };
      const timer = this.#clock.timer(SMTP_SERVER_LIMITS.tlsHandshakeTimeoutMs, failed);
      secure.on('error', failed);
      secure.on('_tlsError', failed);
      // Who stops talking in the middle of the handshake will not finish it.
      secure.once('end', failed);
      secure.on('close', () => {
        failed();
        this.#over();
      });
      secure.on('secure', () => {
        timer.cancel();
        secure.off('end', failed);
        // What came with the last bytes of the handshake waits until somebody listens for it.
        secure.pause();
        this.#listen();
        resolve(secure);
      });
    });
  }

  #listen(): void {
    this.socket.on('data', (chunk: Buffer) => this.listener.data(chunk));
    this.socket.on('end', () => this.listener.end());
    this.socket.on('drain', () => this.listener.drain());
  }

  #over(): void {
    if (this.closed) return;
    this.closed = true;
    this.#timer?.cancel();
    this.listener.close();
    this.listener = SILENT;
    for (const then of this.#onClose) then();
  }
}

function ignore(): void {
  // 'close' follows every error and says all there is to do.
}

const SILENT: ConnectionListener = { data: ignore, end: ignore, close: ignore, deadline: ignore, drain: ignore };
