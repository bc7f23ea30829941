/**
 * One exchange over HTTPS: names by our own resolver, connections by the one connector (so that the lab's fence holds
 * here, too), the certificate verified always, no redirects, no cookies, a size and a deadline. In the clear only where the
 * caller says so.
 */
import { request, type IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import { SMTP_CLIENT_LIMITS } from '../base/limits.ts';
import type { Dns } from '../contract/dns.ts';
import type { HttpsAnswer, HttpsFetch, HttpsRequest } from '../contract/https-fetch.ts';
import type { Connector } from './connector.ts';
import { distrustInWords } from './peer-identity.ts';
import type { ClientTls } from './tls.ts';

export interface HttpsFetchPorts {
  readonly dns: Dns;
  readonly connector: Connector;
  readonly clock: Clock;
  /** Asked at each fetch, since a reload may bring another CA file. */
  readonly clientTls: () => Promise<ClientTls>;
  /** Families to use, the preferred first. */
  readonly protocols: () => readonly ('ipv4' | 'ipv6')[];
}

type Failed = Extract<HttpsAnswer, { kind: 'failure' }>;

const ADDRESSES_TRIED_MAX = 4;
const USER_AGENT = 'Posthorn';

/** Ends the work from the inside; the outside gets it as data. */
class FetchError extends Error {
  readonly reason: Failed['reason'];

  constructor(reason: Failed['reason'], detail: string) {
    super(detail);
    this.reason = reason;
  }
}

export function createHttpsFetch(ports: HttpsFetchPorts): HttpsFetch {
  return async (wanted) => {
    wanted.signal?.throwIfAborted();
    const ending = new AbortController();
    const timer = ports.clock.timer(wanted.timeoutMs, () => ending.abort(new FetchError('timeout', `no answer within ${wanted.timeoutMs / 1000} s`)));
    const onAbort = (): void => ending.abort(wanted.signal?.reason);
    wanted.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await fetchOnce(ports, wanted, ending.signal);
    } catch (error) {
      if (wanted.signal?.aborted) throw wanted.signal.reason;
      const cause = ending.signal.aborted ? ending.signal.reason : error;
      return cause instanceof FetchError ? { kind: 'failure', reason: cause.reason, detail: cause.message } : { kind: 'failure', reason: 'protocol', detail: String(cause) };
    } finally {
      timer.cancel();
      wanted.signal?.removeEventListener('abort', onAbort);
    }
  };
}

async function fetchOnce(ports: HttpsFetchPorts, wanted: HttpsRequest, signal: AbortSignal): Promise<HttpsAnswer> {
  const plain = await connectToHost(ports, wanted, signal);
  const onAbort = (): void => void plain.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const socket = wanted.secure === false ? plain : await secure(await ports.clientTls(), plain, wanted.host);
    return await exchange(socket, wanted);
  } finally {
    signal.removeEventListener('abort', onAbort);
    plain.destroy();
  }
}

async function addressesOf({ dns, protocols }: HttpsFetchPorts, host: string, signal: AbortSignal): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const answers = await Promise.all(protocols().map((protocol) => dns.query(host, protocol === 'ipv6' ? 'AAAA' : 'A', { signal })));
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : [])).slice(0, ADDRESSES_TRIED_MAX);
  if (addresses.length > 0) return addresses;
  const failed = answers.find((answer) => answer.kind === 'failure');
  throw new FetchError('dns', failed ? `the address cannot be looked up now (${failed.reason})` : 'the name has no address');
}

async function connectToHost(ports: HttpsFetchPorts, { host, port, timeoutMs }: HttpsRequest, signal: AbortSignal): Promise<Socket> {
  const { connector } = ports;
  const addresses = await addressesOf(ports, host, signal);
  let last = '';
  for (const address of addresses) {
    try {
      return await connector.connect({ address, port, timeoutMs: Math.min(timeoutMs, SMTP_CLIENT_LIMITS.connectTimeoutMs), signal });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      last = `connect to ${address} port ${port}: ${error.message}`;
    }
  }
  throw new FetchError('connect', last);
}

function secure(clientTls: ClientTls, plain: Socket, host: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ ...clientTls.connectOptions(host, 'verify'), socket: plain });
    socket.on('error', (error: NodeJS.ErrnoException) => reject(tlsError(error, host)));
    socket.once('close', () => reject(new FetchError('connect', 'the connection ended during the TLS handshake')));
    socket.once('secureConnect', () => resolve(socket));
  });
}

/** Codes of OpenSSL's verification and of the identity check are in capitals without a system call's name. */
function tlsError(error: NodeJS.ErrnoException, host: string): FetchError {
  const code = error.code ?? '';
  const ofCertificate = /CERT|ISSUER|SIGNATURE|CRL|CHAIN/.test(code) && !code.startsWith('ERR_SSL');
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return new FetchError('certificate', `its certificate does not name ${host}`);
  if (ofCertificate) return new FetchError('certificate', distrustInWords(code));
  return new FetchError('connect', `TLS: ${(error as { reason?: string }).reason ?? error.message}`.slice(0, 300));
}

function exchange(socket: Socket, { host, port, path, method, bytesMax, body, accept = 'text/plain', headers = {}, secure: encrypted = true }: HttpsRequest): Promise<HttpsAnswer> {
  const sent = body && ('bytes' in body ? body.bytes : Buffer.from(body.text));
  return new Promise((resolve, reject) => {
    const asking = request({
      createConnection: () => socket,
      path,
      method: method ?? (body ? 'POST' : 'GET'),
      headers: {
        ...headers,
        host: port === (encrypted ? 443 : 80) ? host : `${host}:${port}`,
        'user-agent': USER_AGENT,
        accept,
        connection: 'close',
        ...(body && sent && { 'content-type': body.mediaType, 'content-length': sent.length }),
      },
    });
    asking.once('error', (error) => reject(new FetchError('protocol', error.message)));
    asking.once('response', (response) => {
      readBody(response, bytesMax).then(
        (received) => resolve({ kind: 'response', status: response.statusCode ?? 0, mediaType: mediaTypeOf(response), headers: fieldsOf(response), body: received }),
        (error: unknown) => reject(error instanceof FetchError ? error : new FetchError('connect', 'the connection ended before the answer was complete')),
      );
    });
    asking.end(sent);
  });
}

async function readBody(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > bytesMax) throw new FetchError('too-large', `the answer is larger than ${bytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function mediaTypeOf({ headers }: IncomingMessage): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function fieldsOf({ headersDistinct }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]));
}
