/**
 * A client for IMAP servers of others: logs in, lists mailboxes, reads them. One command at a time, the answer as values.
 *
 * Policy: a password crosses the wire only over TLS with a certificate that was verified, unless the caller says that the
 * connection needs none; log-in with the best SASL mechanism that both know, else LOGIN.
 */
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { Failure } from '../base/errors.ts';
import { readResponseValues, type ImapValue } from '../wire/imap/response-values.ts';
import { chooseMechanism, createSaslClient, type SaslCredentials } from '../wire/sasl/client.ts';
import { ImapStream, type ImapStreamLimits } from './imap-stream.ts';
import type { ClientTls } from './tls.ts';

export interface ImapTarget {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** `implicit`: from the first byte; `starttls`: demanded; `none`: in the clear, also the password. */
  readonly security: 'implicit' | 'starttls' | 'none';
}

export interface ImapClientOptions {
  readonly target: ImapTarget;
  readonly credentials: SaslCredentials;
  readonly tls: ClientTls;
  /** `responsesMax`: untagged responses to one command whose answer is kept. */
  readonly limits: ImapStreamLimits & { readonly connectMs: number; readonly responsesMax: number };
}

export interface ImapReply {
  /** Text behind the status, with a response code in brackets if there is one. */
  readonly text: string;
  /** Untagged responses without the `*`. */
  readonly untagged: readonly (readonly ImapValue[])[];
}

export class ImapClient {
  readonly #stream: ImapStream;
  #capabilities: ReadonlySet<string> = new Set();
  #number = 0;
  readonly #responsesMax: number;

  private constructor(stream: ImapStream, responsesMax: number) {
    this.#stream = stream;
    this.#responsesMax = responsesMax;
  }

  /** Logged in. Rejects with Failure `imap-log-in` (permanent), `imap-refused`, `imap-tls`, `imap-lost`, `imap-silent` (temporary). */
  static async open({ target, credentials, tls, limits }: ImapClientOptions): Promise<ImapClient> {
    const socket = await openSocket(target, tls, limits.connectMs);
    const client = new ImapClient(new ImapStream(socket, limits), limits.responsesMax);
    try {
      const preauthenticated = await client.#greet();
      if (target.security === 'starttls') {
        if (!client.has('STARTTLS')) throw new Failure('imap-tls', `${target.host} offers no STARTTLS on port ${target.port}`, { temporary: false });
        await client.command('STARTTLS');
        await client.#stream.startTls(tls.connectOptions(target.host, 'verify'), limits.connectMs);
        await client.#askCapabilities();
      }
      if (!preauthenticated) await client.#logIn(target, credentials).catch(asLogInFailure);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  has(capability: string): boolean {
    return this.#capabilities.has(capability);
  }

  /** The untagged responses together; for answers that are small. Rejects with a permanent Failure `imap-refused` on NO and BAD. */
  async command(text: string): Promise<ImapReply> {
    const untagged: (readonly ImapValue[])[] = [];
    const end = await this.#run(text, (values) => {
      if (untagged.push(values) > this.#responsesMax) throw new Failure('imap-garbage', `the server answers ${text.split(' ', 1)[0]} without end`, { temporary: false });
    });
    return { text: end, untagged };
  }

  /** Untagged responses as they come; the server waits while they are not taken. */
  async *responses(text: string): AsyncIterable<readonly ImapValue[]> {
    const tag = this.#send(text);
    for (;;) {
      const values = await this.#next();
      if (values[0] === tag) return void this.#finish(values, text);
      if (values[0] === '*') yield values.slice(1);
    }
  }

  /** Does not wait for the answer. */
  logOut(): void {
    this.#number += 1;
    this.#stream.end(`a${this.#number} LOGOUT\r\n`);
  }

  close(): void {
    this.#stream.destroy();
  }

  #send(text: string): string {
    this.#number += 1;
    const tag = `a${this.#number}`;
    this.#stream.write(`${tag} ${text}\r\n`);
    return tag;
  }

  async #next(): Promise<readonly ImapValue[]> {
    return readResponseValues(await this.#stream.response());
  }

  async #run(text: string, take: (values: readonly ImapValue[]) => void, answer?: (challenge: string) => Promise<string>): Promise<string> {
    const tag = this.#send(text);
    for (;;) {
      const values = await this.#next();
      if (values[0] === tag) return this.#finish(values, text);
      if (values[0] === '*') take(values.slice(1));
      // RFC 9051 §6.2.2: what we do not want to answer is cancelled.
      else if (values[0] === '+') this.#stream.write(`${answer ? await answer(typeof values[1] === 'string' ? values[1] : '') : '*'}\r\n`);
    }
  }

  #finish(values: readonly ImapValue[], command: string): string {
    const words = values.slice(2).map((value) => (typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString('utf8') : '')).join(' ');
    if (String(values[1]).toUpperCase() === 'OK') return words;
    throw new Failure('imap-refused', `the server refused ${command.split(' ', 2)[0]}: ${words.slice(0, 300)}`, { temporary: false });
  }

  /** True when the connection is logged in already (RFC 9051 §7.1.4). */
  async #greet(): Promise<boolean> {
    const values = await this.#next();
    const status = String(values[1]).toUpperCase();
    if (values[0] !== '*' || (status !== 'OK' && status !== 'PREAUTH')) throw new Failure('imap-refused', `the server does not greet as IMAP servers do: ${values.filter((value) => typeof value === 'string').join(' ').slice(0, 300)}`);
    await this.#askCapabilities();
    return status === 'PREAUTH';
  }

  async #askCapabilities(): Promise<void> {
    const { untagged } = await this.command('CAPABILITY');
    const names = untagged.filter(([name]) => name === 'CAPABILITY').flatMap((values) => values.slice(1));
    this.#capabilities = new Set(names.map((name) => String(name).toUpperCase()));
  }

  async #logIn(target: ImapTarget, credentials: SaslCredentials): Promise<void> {
    const offered = [...this.#capabilities].flatMap((name) => (name.startsWith('AUTH=') ? [name.slice(5)] : []));
    const mechanism = chooseMechanism(offered, { kind: 'token' in credentials ? 'token' : 'password', bindable: false });
    if (mechanism) {
      const sasl = createSaslClient(mechanism, credentials, { host: target.host, port: target.port });
      // A client that speaks first answers the empty challenge with that.
      let first = sasl.initial;
      await this.#run(`AUTHENTICATE ${mechanism}`, () => {}, async (challenge) => {
        const step = first ? ({ kind: 'respond', data: first } as const) : await sasl.step(Buffer.from(challenge, 'base64'));
        first = undefined;
        return step.kind === 'respond' ? step.data.toString('base64') : '*';
      });
      if (!sasl.serverProven) throw new Failure('imap-refused', 'the server did not prove that it knows the password', { temporary: false });
    } else if ('password' in credentials && !this.has('LOGINDISABLED')) {
      await this.command(`LOGIN ${quoted(credentials.username)} ${quoted(credentials.password)}`);
    } else {
      throw new Failure('imap-refused', `the server offers no way to log in that we know; it offers ${offered.join(', ') || 'none'}`, { temporary: false });
    }
    await this.#askCapabilities();
  }
}

/** RFC 5530 §3: too many connections, or a back end that is down; anything else is a wrong password. */
function asLogInFailure(error: unknown): never {
  if (!(error instanceof Failure) || error.code !== 'imap-refused') throw error;
  throw new Failure('imap-log-in', error.message, { temporary: /\[(?:UNAVAILABLE|INUSE|LIMIT)\]/i.test(error.message), cause: error });
}

/** RFC 9051 §9: as a quoted string. Throws for what needs a literal. */
export function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- line ends and NUL cannot be quoted
  if (/[\x00\r\n]/.test(text)) throw new Failure('imap-refused', 'names and passwords hold no line ends', { temporary: false });
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

async function openSocket(target: ImapTarget, tls: ClientTls, timeoutMs: number): Promise<Socket> {
  const { host, port } = target;
  const socket = target.security === 'implicit' ? connectTls({ host, port, ...tls.connectOptions(host, 'verify') }) : connectTcp({ host, port });
  try {
    await once(socket, target.security === 'implicit' ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    socket.setNoDelay(true);
    return socket;
  } catch (error) {
    socket.destroy();
    const why = error instanceof Error && error.name === 'AbortError' ? `no answer within ${timeoutMs / 1000} seconds` : error instanceof Error ? error.message : String(error);
    throw new Failure('imap-unreachable', `cannot connect to ${host}:${port}: ${why}`, { cause: error });
  }
}
