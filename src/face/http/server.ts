/**
 * The web server: node:http and node:https, and a list of routes. No framework (docs/decisions/0255): there are a dozen
 * routes, and what matters is what such a server refuses.
 *
 * Policy
 * - Header, body, time, connections and requests of a connection are bounded (base/http-limits.ts); who sends slowly is
 *   answered 408, and a route that does not answer in time 503.
 * - The answer names neither program nor version; it may not be framed, sniffed, or run anything, unless a route says so.
 *   No Strict-Transport-Security: mail programs ask http://autoconfig.DOMAIN, and the pages of that domain are not ours.
 * - When all places are taken, the oldest connection without a request gives way: who only holds places keeps nobody out.
 * - A body is read only when a route of that path wants one, and never beyond what it allows.
 * - A new certificate is taken by `loadCertificates` without closing anything.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext, SecureContextOptions, TLSSocket } from 'node:tls';
import { HTTP_SERVER_LIMITS } from '../../base/http-limits.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { HostPort } from '../../config/config.ts';
import type { HttpRoute, HttpRouteAnswer, HttpRouteRequest } from '../../contract/http-route.ts';
import { BodyRoom, readBody, type ReadBody } from './body.ts';
import { requestFacts } from './request-facts.ts';
import { chooseRoutes } from './route-table.ts';

export interface WebServerOptions {
  /** Asked at each request. */
  readonly routes: () => readonly HttpRoute[];
  readonly clock: Clock;
  readonly log: Log;
  /** Whose X-Forwarded-For counts. */
  readonly isProxy: (address: string) => boolean;
  /** Under which name a client's connections are counted. */
  readonly clientKey: (address: string) => string;
  /** The certificate shown when no other fits; needed for `https` only. */
  readonly tls?: SecureContextOptions;
  /** For a name of SNI; undefined: the one above. */
  readonly contextFor?: (serverName: string) => SecureContext | undefined;
  /** How long slow clients are borne; default as in HTTP_SERVER_LIMITS. */
  readonly patience?: Pick<ServerOptions, 'headersTimeout' | 'requestTimeout' | 'connectionsCheckingInterval'>;
}

export interface WebServer {
  /** Resolves to the address really listened on; rejects with the system's error. */
  listen(scheme: 'http' | 'https', where: HostPort): Promise<HostPort>;
  /** For connections to come. */
  loadCertificate(tls: SecureContextOptions): void;
  /** Lets requests end within `drainMs`, then cuts them off. */
  close(drainMs: number): Promise<void>;
}

const DEFAULT_FIELDS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const TEXTS: Readonly<Record<number, string>> = {
  400: 'The request cannot be understood.',
  404: 'There is nothing here.',
  405: 'This is not how it is asked for.',
  413: 'That is too much.',
  500: 'Something went wrong here; it is in the log.',
  503: 'It took too long; try again later.',
};

const UNREAD: Readonly<Record<Exclude<ReadBody['kind'], 'body' | 'gone'>, number>> = { 'too-large': 413, crowded: 503 };

const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: HTTP_SERVER_LIMITS.headBytesMax,
  headersTimeout: HTTP_SERVER_LIMITS.headTimeoutMs,
  requestTimeout: HTTP_SERVER_LIMITS.requestTimeoutMs,
  connectionsCheckingInterval: HTTP_SERVER_LIMITS.timeoutCheckMs,
  keepAliveTimeout: HTTP_SERVER_LIMITS.keepAliveTimeoutMs,
  requireHostHeader: true,
  insecureHTTPParser: false,
  joinDuplicateHeaders: true,
  noDelay: true,
};

export function createWebServer(options: WebServerOptions): WebServer {
  return new Web(options);
}

class Web implements WebServer {
  readonly #options: WebServerOptions;
  readonly #servers: (Server | TlsServer)[] = [];
  readonly #room = new BodyRoom(HTTP_SERVER_LIMITS.bodiesBytesMax);
  readonly #perClient = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  /** Ends of connections with a request whose answer is on its way (clientEnd). */
  readonly #busy = new Set<string>();
  #closing = false;
  #tls: SecureContextOptions | undefined;

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.#tls = options.tls;
  }

  listen(scheme: 'http' | 'https', { address, port }: HostPort): Promise<HostPort> {
    const server = scheme === 'http' ? createServer({ ...SERVER_OPTIONS, ...this.#options.patience }) : this.#tlsServer();
    server.maxHeadersCount = HTTP_SERVER_LIMITS.headerFieldsMax;
    server.maxRequestsPerSocket = HTTP_SERVER_LIMITS.requestsPerConnectionMax;
    server.setTimeout(HTTP_SERVER_LIMITS.idleTimeoutMs);
    server.on('connection', (socket: Socket) => this.#admit(socket));
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    server.on('request', onRequest);
    // Who asks before sending a body hears 413 before sending it.
    server.on('checkContinue', onRequest);
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port, ipv6Only: address.includes(':') }, () => resolve({ address, port: (server.address() as AddressInfo).port }));
    });
  }

  loadCertificate(tls: SecureContextOptions): void {
    this.#tls = tls;
    for (const server of this.#servers) if ('setSecureContext' in server) server.setSecureContext(tls);
  }

  async close(drainMs: number): Promise<void> {
    const closed = Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    this.#closing = true;
    // Also those in their TLS handshake, or that have asked nothing yet, which Node does not count as idle.
    for (const socket of this.#sockets) if (!this.#busy.has(clientEnd(socket))) socket.destroy();
    const timer = this.#options.clock.timer(drainMs, () => this.#cutOff());
    await closed;
    timer.cancel();
  }

  #cutOff(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #tlsServer(): TlsServer {
    const { contextFor } = this.#options;
    return createTlsServer({
      ...SERVER_OPTIONS,
      ...this.#options.patience,
      ...this.#tls,
      handshakeTimeout: HTTP_SERVER_LIMITS.tlsHandshakeTimeoutMs,
      ALPNProtocols: ['http/1.1'],
      ...(contextFor && { SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => done(null, contextFor(name.toLowerCase())) }),
    });
  }

  /** Counts connections, also those that are still in their TLS handshake. */
  #admit(socket: Socket): void {
    const peer = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
    const key = this.#options.clientKey(peer);
    const count = this.#perClient.get(key) ?? 0;
    const crowded = count >= HTTP_SERVER_LIMITS.connectionsPerClientMax && !this.#options.isProxy(peer);
    if (this.#closing || crowded || !this.#hasRoom()) return void socket.destroy();
    this.#sockets.add(socket);
    this.#perClient.set(key, count + 1);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#perClient.get(key) ?? 1) - 1;
      if (left > 0) this.#perClient.set(key, left);
      else this.#perClient.delete(key);
    });
  }

  /** Who has been there longest and asks nothing, as those do that never end their TLS handshake, gives way to who comes. */
  #hasRoom(): boolean {
    if (this.#sockets.size < HTTP_SERVER_LIMITS.connectionsMax) return true;
    for (const socket of this.#sockets) {
      if (this.#busy.has(clientEnd(socket))) continue;
      this.#sockets.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const end = clientEnd(request.socket);
    this.#busy.add(end);
    response.once('close', () => {
      this.#busy.delete(end);
      if (this.#closing) request.socket.destroySoon();
    });
    try {
      await this.#answer(request, response);
    } catch (error) {
      this.#options.log.error('http.failed', { method: request.method ?? '', path: pathOnly(request.url), error: error instanceof Error ? error.message : String(error) });
      send(request, response, { status: 500 });
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { routes, isProxy, log } = this.#options;
    const socket = request.socket as TLSSocket;
    const headers = fieldsOf(request);
    const facts = requestFacts({ target: request.url ?? '', headers, peer: socket.remoteAddress ?? '', encrypted: socket.encrypted === true }, isProxy);
    if (!facts) return send(request, response, { status: 400 });
    const choice = chooseRoutes(routes(), { method: request.method ?? '', host: facts.host, path: facts.path });
    if (choice.kind === 'none') return send(request, response, { status: 404 });
    if (choice.kind === 'wrong-method') return send(request, response, { status: 405, headers: { allow: choice.allow } });
    const share = this.#room.share();
    try {
      const bytesMax = Math.min(Math.max(...choice.routes.map((route) => route.bodyBytesMax ?? 0)), HTTP_SERVER_LIMITS.bodyBytesMax);
      const body = await readBody(request, response, bytesMax, share.take);
      if (body.kind === 'gone') return;
      if (body.kind !== 'body') return send(request, response, { status: UNREAD[body.kind] });
      const answer = await this.#inTime(ask(choice.routes, { ...facts, headers, body: body.bytes }));
      log.debug('http.request', { client: facts.clientAddress, method: request.method ?? '', host: facts.host, path: facts.path, status: answer.status });
      send(request, response, answer);
    } finally {
      share.release();
    }
  }

  #inTime(work: Promise<HttpRouteAnswer>): Promise<HttpRouteAnswer> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.timer(HTTP_SERVER_LIMITS.answerTimeoutMs, () => resolve({ status: 503, headers: { 'retry-after': '60' } }));
      work.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}

/** A TLS connection and the TCP connection below it have the same. */
function clientEnd({ remoteAddress = '', remotePort = 0, localPort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}

async function ask(routes: readonly HttpRoute[], request: HttpRouteRequest): Promise<HttpRouteAnswer> {
  for (const route of routes) {
    if (request.body.length > (route.bodyBytesMax ?? 0)) continue;
    const answer = await route.handle(request);
    if (answer) return answer;
  }
  return { status: request.body.length > 0 && routes.every((route) => request.body.length > (route.bodyBytesMax ?? 0)) ? 413 : 404 };
}

function fieldsOf({ headersDistinct }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]));
}

function pathOnly(url = ''): string {
  return url.split('?', 1)[0]?.slice(0, 200) ?? '';
}

function send(request: IncomingMessage, response: ServerResponse, { status, mediaType, headers, body }: HttpRouteAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const content = Buffer.from(body ?? (status < 300 ? '' : `${TEXTS[status] ?? `Status ${status}`}\n`));
  // What is left of a body that nobody reads would be taken for the next request.
  const unread = !request.complete && (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0);
  response.writeHead(status, {
    ...DEFAULT_FIELDS,
    ...(content.length > 0 && { 'content-type': mediaType ?? 'text/plain; charset=utf-8' }),
    ...headers,
    ...(unread && { connection: 'close' }),
    'content-length': content.length,
  });
  response.end(request.method === 'HEAD' ? undefined : content);
  if (unread) response.once('finish', () => request.socket.destroySoon());
}
