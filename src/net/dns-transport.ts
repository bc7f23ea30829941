/**
 * One question to one name server: UDP first, TCP when the answer is cut short.
 *
 * Each question has its own socket, so that the kernel picks a random source port, and a random id (RFC 5452 §4.5, §9.2);
 * the socket is connected, so that the kernel drops what comes from elsewhere and tells when nobody listens. Replies that
 * do not fit the question are ignored until the time is over, so a forger who guesses wrong spoils nothing. A datagram may
 * get lost, most likely in the rush of a long queue: the same question is sent a second time before it is given up.
 */
import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { DNS_LIMITS } from '../base/limits.ts';
import type { HostPort } from '../config/config.ts';
import { decodeReply, encodeQuestion, type DnsQuestion, type DnsReply } from './dns-codec.ts';

export type ExchangeResult =
  | { readonly kind: 'reply'; readonly reply: DnsReply }
  /** `tcp`: over UDP there was an answer, but a part of it only. */
  | { readonly kind: 'timeout'; readonly tcp?: true }
  | { readonly kind: 'network'; readonly detail: string; readonly tcp?: true }
  | { readonly kind: 'malformed'; readonly detail: string; readonly tcp?: true };

export interface ExchangeOptions {
  readonly server: HostPort;
  readonly question: Omit<DnsQuestion, 'id'>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Aborts when the resolver closes. */
  readonly signal: AbortSignal;
}

/** Never rejects. A truncated UDP answer is asked again over TCP (RFC 7766 §5), with a time-out of its own. */
export async function exchange(options: ExchangeOptions): Promise<ExchangeResult> {
  const first = await overUdp(options);
  if (first.kind !== 'reply' || !first.reply.truncated) return first;
  const second = await overTcp(options);
  return second.kind === 'reply' ? second : { ...second, tcp: true };
}

function newQuestion(options: ExchangeOptions): DnsQuestion {
  return { ...options.question, id: randomInt(65_536) };
}

function overUdp(options: ExchangeOptions): Promise<ExchangeResult> {
  const question = newQuestion(options);
  return new Promise((resolve) => {
    const asked = encodeQuestion(question);
    const socket = createSocket(isIPv6(options.server.address) ? 'udp6' : 'udp4');
    let strange = 0;
    const finish = (result: ExchangeResult): void => {
      timer.cancel();
      again.cancel();
      options.signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('message');
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      socket.close();
      resolve(result);
    };
    const onAbort = (): void => finish({ kind: 'network', detail: 'the resolver was closed' });
    const timer = options.clock.timer(options.timeoutMs, () => {
      finish(strange > 0 ? { kind: 'malformed', detail: `${strange} answers that do not fit the question` } : { kind: 'timeout' });
    });
    let connected = false;
    const send = (): void => {
      if (connected && !options.signal.aborted) socket.send(asked);
    };
    const again = options.clock.timer(DNS_LIMITS.resendMs, send);
    socket.on('error', (error) => finish({ kind: 'network', detail: error.message }));
    socket.on('message', (bytes) => {
      const reply = decodeReply(bytes, question);
      if (reply) finish({ kind: 'reply', reply });
      else strange += 1;
    });
    options.signal.addEventListener('abort', onAbort);
    socket.connect(options.server.port, options.server.address, () => {
      connected = true;
      send();
    });
  });
}

function overTcp(options: ExchangeOptions): Promise<ExchangeResult> {
  const question = newQuestion(options);
  return new Promise((resolve) => {
    const socket = connect({ host: options.server.address, port: options.server.port, noDelay: true });
    const pieces: Buffer[] = [];
    let received = 0;
    const finish = (result: ExchangeResult): void => {
      timer.cancel();
      options.signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => finish({ kind: 'network', detail: 'the resolver was closed' });
    const timer = options.clock.timer(options.timeoutMs, () => finish({ kind: 'timeout' }));
    options.signal.addEventListener('abort', onAbort);
    socket.on('error', (error) => finish({ kind: 'network', detail: error.message }));
    socket.on('close', () => finish({ kind: 'network', detail: 'the name server closed the connection' }));
    socket.on('connect', () => {
      const bytes = encodeQuestion(question);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      socket.write(Buffer.concat([length, bytes]));
    });
    socket.on('data', (chunk) => {
      pieces.push(chunk);
      received += chunk.length;
      if (received < 2) return;
      const all = Buffer.concat(pieces.splice(0));
      pieces.push(all);
      // The two octets of length bound the message to 65,535 octets; anything behind it was not asked for.
      const end = 2 + all.readUInt16BE(0);
      if (received < end) return;
      const reply = decodeReply(all.subarray(2, end), question);
      if (!reply) finish({ kind: 'malformed', detail: 'the answer over TCP does not fit the question' });
      // Nothing is too long for TCP: what is missing here is not known to be absent.
      else if (reply.truncated) finish({ kind: 'malformed', detail: 'the answer is cut short over TCP, too' });
      else finish({ kind: 'reply', reply });
    });
  });
}
