/** Signed questions and updates to one name server, over one TCP connection (RFC 7766), several under way at once. */
import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { DNS_PUBLISH_LIMITS } from '../../base/dns-publish-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { HostPort } from '../../config/config.ts';
import type { Connector } from '../../net/connector.ts';
import { decodeMessage, encodeMessage, RCODE, type IncomingMessage, type OutgoingMessage } from '../../wire/dns/message.ts';
import { ProviderFailure } from '../provider-failure.ts';
import { sign, verify, type TsigKey, TSIG_ERROR } from '../../wire/dns/tsig.ts';

export interface PrimaryServer {
  /** Label of the provider. */
  readonly label: string;
  readonly server: HostPort;
  readonly key: TsigKey;
  readonly connector: Connector;
  readonly clock: Clock;
}

export interface SignedReply {
  readonly message: IncomingMessage;
  readonly bytes: Buffer;
}

interface Waiting {
  readonly requestMac: Buffer;
  readonly done: (reply: SignedReply) => void;
}

/**
 * The replies, in order; each is signed by the server with our key. Rejects with Failure `dns-provider-unreachable` (temporary), or
 * `dns-provider-refused` when the server does not accept the key.
 */
export async function askPrimary(primary: PrimaryServer, messages: readonly Omit<OutgoingMessage, 'id'>[], signal: AbortSignal): Promise<readonly SignedReply[]> {
  if (messages.length === 0) return [];
  const { connector, server, clock } = primary;
  const socket = await connector.connect({ ...server, timeoutMs: DNS_PUBLISH_LIMITS.connectTimeoutMs, signal }).catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason;
    throw unreachable(primary, cause instanceof Error ? cause.message : String(cause));
  });
  return new Promise((resolve, reject) => {
    const dialogue = new Dialogue(primary, socket, messages);
    const finish = (settle: () => void): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const onAbort = (): void => finish(() => reject(signal.reason as Error));
    const timer = clock.timer(DNS_PUBLISH_LIMITS.requestTimeoutMs, () => finish(() => reject(unreachable(primary, `no answer within ${DNS_PUBLISH_LIMITS.requestTimeoutMs / 1000} s`))));
    signal.addEventListener('abort', onAbort, { once: true });
    dialogue.run((replies) => finish(() => resolve(replies)), (error) => finish(() => reject(error)));
  });
}

/** Code of the Failure for REFUSED without a signature, which Knot answers about zones that it does not have. */
export const UNSIGNED_REFUSAL = 'dns-provider-refused-unsigned';

class Dialogue {
  readonly #primary: PrimaryServer;
  readonly #socket: Socket;
  readonly #messages: readonly Omit<OutgoingMessage, 'id'>[];
  readonly #replies: SignedReply[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #pending = Buffer.alloc(0);
  #sent = 0;
  #answered = 0;

  constructor(primary: PrimaryServer, socket: Socket, messages: readonly Omit<OutgoingMessage, 'id'>[]) {
    this.#primary = primary;
    this.#socket = socket;
    this.#messages = messages;
  }

  run(resolve: (replies: readonly SignedReply[]) => void, reject: (error: Error) => void): void {
    this.#socket.on('error', (error) => reject(unreachable(this.#primary, inWords(error))));
    this.#socket.on('close', () => reject(unreachable(this.#primary, 'it closed the connection')));
    this.#socket.on('data', (chunk) => {
      try {
        this.#read(chunk);
        if (this.#answered === this.#messages.length) return resolve(this.#replies);
        this.#send();
      } catch (error) {
        reject(error instanceof Failure ? error : unreachable(this.#primary, `it sent something that is no answer: ${String((error as Error).message)}`));
      }
    });
    try {
      this.#send();
    } catch (error) {
      reject(error as Error);
    }
  }

  #send(): void {
    while (this.#sent < this.#messages.length && this.#waiting.size < DNS_PUBLISH_LIMITS.questionsAtOnce) {
      const at = this.#sent++;
      const { key, clock } = this.#primary;
      const { bytes, mac } = sign(encodeMessage({ ...(this.#messages[at] as OutgoingMessage), id: this.#freeId() }), { key, now: Math.floor(clock.now() / 1000) });
      this.#waiting.set(bytes.readUInt16BE(0), {
        requestMac: mac,
        done: (reply) => {
          this.#replies[at] = reply;
        },
      });
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      this.#socket.write(Buffer.concat([length, bytes]));
    }
  }

  #freeId(): number {
    for (;;) {
      const id = randomInt(65_536);
      if (!this.#waiting.has(id)) return id;
    }
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 2) {
      const end = 2 + this.#pending.readUInt16BE(0);
      if (this.#pending.length < end) return;
      this.#take(this.#pending.subarray(2, end));
      this.#pending = this.#pending.subarray(end);
    }
  }

  #take(bytes: Buffer): void {
    const { key, clock } = this.#primary;
    const message = decodeMessage(bytes);
    const waiting = this.#waiting.get(message.id);
    if (!waiting || !message.isResponse) return;
    const verdict = verify(bytes, { key, now: Math.floor(clock.now() / 1000), requestMac: waiting.requestMac });
    if (verdict.kind === 'bad') throw this.#refused(message, verdict.detail, verdict.error);
    this.#waiting.delete(message.id);
    this.#answered += 1;
    waiting.done({ message, bytes });
  }

  #refused(message: IncomingMessage, detail: string, error: number): ProviderFailure {
    const { label, server, key } = this.#primary;
    const where = `${label} (${server.address} port ${server.port})`;
    const compare = `compare key-name (${key.name}), key-algorithm (${key.algorithm}) and the secret with the name server's`;
    if (error === -1 && message.rcode === RCODE.REFUSED) return new ProviderFailure('zone', `${where}: the name server refused (REFUSED) without a signature; ${compare}`, { temporary: false, code: UNSIGNED_REFUSAL });
    if (error === TSIG_ERROR.BADTIME) return new ProviderFailure('provider', `${where}: ${detail}: let both keep time by NTP`, { temporary: true, code: 'dns-provider-refused' });
    return new ProviderFailure('provider', `${where}: ${detail}; ${compare}`, { temporary: false });
  }
}

function inWords({ code, message }: NodeJS.ErrnoException): string {
  return code === 'EPIPE' || code === 'ECONNRESET' ? 'it closed the connection' : message;
}

function unreachable({ label, server }: PrimaryServer, detail: string): ProviderFailure {
  return new ProviderFailure('provider', `${label} (${server.address} port ${server.port}): ${detail}`, { temporary: true });
}
