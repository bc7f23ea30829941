/**
 * The one place that opens outgoing connections for mail. In the lab `allow` admits 127.0.0.0/8 only, so no mail can
 * leave the machine whatever the rest of the program believes.
 */
import { connect, isIP, type Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { plainAddress } from './cidr.ts';

export interface ConnectorOptions {
  readonly clock: Clock;
  /** May we connect to this address; default: to every one. */
  readonly allow?: (address: string) => boolean;
}

export interface ConnectRequest {
  /** IPv4 or IPv6 address, never a name; or the absolute path of a Unix socket, whose port does not matter. */
  readonly address: string;
  readonly port: number;
  /** Source address; default: the system's choice. */
  readonly localAddress?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface Connector {
  /**
   * An open TCP connection without delay (Nagle off). Rejects with a Failure whose text leaves out the address: `outside-lab` (not allowed),
   * `bad-address`, `connect-timeout`, `connect-failed` (the cause has the errno), `bind-failed` (our own source
   * address does not work: never the peer's fault), or with the signal's reason.
   */
  connect(request: ConnectRequest): Promise<Socket>;
}

export function createConnector({ clock, allow }: ConnectorOptions): Connector {
  return {
    async connect(request) {
      request.signal?.throwIfAborted();
      if (request.address.startsWith('/')) return open(clock, request);
      if (isIP(request.address) === 0) throw new Failure('bad-address', `"${request.address}" is not an IP address`, { temporary: false });
      if (allow && !allow(plainAddress(request.address))) {
        throw new Failure('outside-lab', `connections to ${request.address} are not allowed here: mail stays inside the lab`);
      }
      return open(clock, request);
    },
  };
}

const LOCAL_ERRORS = new Set(['EADDRNOTAVAIL', 'EADDRINUSE', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

function open(clock: Clock, request: ConnectRequest): Promise<Socket> {
  const { address, port, localAddress, timeoutMs, signal } = request;
  return new Promise((resolve, reject) => {
    const socket = address.startsWith('/') ? connect({ path: address }) : connect({ host: address, port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) });
    const settle = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      socket.off('error', onError);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      reject(error as Error);
    };
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    const onError = (cause: NodeJS.ErrnoException): void => fail(failureOf(cause, request));
    const onAbort = (): void => fail(signal?.reason);
    const timer = clock.timer(timeoutMs, () => {
      fail(new Failure('connect-timeout', `no answer within ${timeoutMs / 1000} s`));
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('connect', onConnect);
    socket.on('error', onError);
  });
}

function failureOf(cause: NodeJS.ErrnoException, { address, port, localAddress }: ConnectRequest): Failure {
  const code = cause.code ?? 'unknown error';
  if (LOCAL_ERRORS.has(code)) {
    const from = localAddress === undefined ? '' : ` from ${localAddress}`;
    return new Failure('bind-failed', `cannot connect${from} to ${address} port ${port}: ${code}; check outbound.ip`, { cause });
  }
  return new Failure('connect-failed', wordsFor(code), { cause });
}

function wordsFor(code: string): string {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'Connection refused',
    ECONNRESET: 'Connection reset by peer',
    EHOSTUNREACH: 'No route to host',
    ENOENT: 'No such socket',
    ENETUNREACH: 'Network is unreachable',
    ETIMEDOUT: 'Connection timed out',
  };
  return words[code] ?? code;
}
