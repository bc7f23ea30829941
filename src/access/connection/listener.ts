/**
 * The frame of all users' sessions (IMAP, POP3, ManageSieve) of a thread: listens, admits clients, runs a protocol's
 * session over each connection, and ends them in an orderly way.
 *
 * Policy: what can refuse a client cheaply comes first: the limit of connections, the header of a proxy (required from
 * `networks.proxies`, whose own address means nothing), the client's share before log-in, TLS. A session that fails by a
 * bug of ours ends, and nothing else does.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { ACCESS_LIMITS } from '../../base/access-limits.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Config, HostPort } from '../../config/config.ts';
import { plainAddress } from '../../net/cidr.ts';
import { claimAddress, listenOptions } from '../../net/listen-address.ts';
import { NetworkList } from '../../net/network-list.ts';
import type { ClientFacts } from './client-connection.ts';
import { Deadlines } from './deadlines.ts';
import { FlushDesk } from './flush-desk.ts';
import type { AccessProtocol, FarewellReason } from './protocol.ts';
import { readProxyHeader } from './proxy-header.ts';
import { ReceivedStore } from './received-bytes.ts';
import { SessionConnection } from './session-connection.ts';
import { SessionCounts } from './session-counts.ts';
import type { SessionHost } from './session-host.ts';
import { StandingWatch, type StandingPorts } from './standing-watch.ts';
import { Transport } from './transport.ts';

export interface AccessFrameOptions {
  /** The live one. */
  readonly config: Pick<Config, 'networks'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined: no certificate, hence no STARTTLS. */
  readonly secureContext: () => SecureContext | undefined;
  /** For large uploads; made if missing, emptied at the start. */
  readonly uploadsDir: string;
  /** Default: a session that has begun goes on. */
  readonly standing?: StandingPorts;
}

export interface AccessFrame {
  /** Resolves to the addresses really listened on (a port 0 is resolved). Rejects with the system's error. */
  listen(protocol: AccessProtocol, where: readonly HostPort[], tls: 'at-once' | 'on-request'): Promise<readonly HostPort[]>;
  /** Open connections. */
  readonly connections: number;
  /** Stops listening, ends sessions when they next wait for their clients, and all others after `drainMs` milliseconds. */
  close(drainMs: number): Promise<void>;
}

export async function createAccessFrame(options: AccessFrameOptions): Promise<AccessFrame> {
  const received = new ReceivedStore(options.uploadsDir);
  await received.prepare();
  return new Frame(options, received);
}

interface Door {
  readonly protocol: AccessProtocol;
  readonly tls: 'at-once' | 'on-request';
}

class Frame implements AccessFrame {
  readonly #options: AccessFrameOptions;
  readonly #host: SessionHost;
  readonly #trusted: NetworkList;
  readonly #cleartextLogin: NetworkList;
  readonly #proxies: NetworkList;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<SessionConnection>();
  readonly #standing: StandingWatch | undefined;
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  constructor(options: AccessFrameOptions, received: ReceivedStore) {
    this.#options = options;
    this.#trusted = new NetworkList(() => options.config.networks.trusted);
    this.#cleartextLogin = new NetworkList(() => options.config.networks.cleartextLogin);
    this.#proxies = new NetworkList(() => options.config.networks.proxies);
    this.#host = { deadlines: new Deadlines(options.clock), flushDesk: new FlushDesk(), counts: new SessionCounts(), received, secureContext: options.secureContext };
    const { standing, clock, log } = options;
    this.#standing = standing && new StandingWatch({ ...standing, clock, log }, this.#sessions);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async listen(protocol: AccessProtocol, where: readonly HostPort[], tls: Door['tls']): Promise<readonly HostPort[]> {
    const bound: HostPort[] = [];
    for (const address of where) bound.push(await this.#open({ protocol, tls }, await claimAddress(address)));
    return bound;
  }

  #open(door: Door, where: HostPort): Promise<HostPort> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => this.#accept(socket, door));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...listenOptions(where), backlog: ACCESS_LIMITS.backlog }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.#options.log.error('access.listener-failed', { service: door.protocol.service, error: String(error) }));
        resolve(where);
      });
    });
  }

  async close(drainMs: number): Promise<void> {
    this.#isClosing = true;
    this.#standing?.close();
    for (const server of this.#servers) server.close();
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const session of this.#sessions) session.shutDown();
    if (this.#sockets.size > 0) {
      const timer = this.#options.clock.timer(drainMs, () => {
        for (const session of this.#sessions) session.destroy();
        for (const socket of this.#sockets) socket.destroy();
      });
      await empty;
      timer.cancel();
    }
    this.#host.deadlines.close();
  }

  #accept(socket: Socket, door: Door): void {
    const hasRoom = this.#host.counts.enter();
    this.#sockets.add(socket);
    socket.once('close', () => this.#left(socket));
    socket.on('error', ignore);
    if (socket.remoteAddress === undefined || this.#isClosing) return void socket.destroy();
    const address = plainAddress(socket.remoteAddress);
    const direct: ClientFacts = { address, port: socket.remotePort ?? 0, trusted: this.#isTrusted(address) };
    this.#welcome(socket, door, direct, hasRoom).catch((error: unknown) => {
      this.#options.log.error('access.internal-error', { service: door.protocol.service, clientAddress: address, error: textOf(error) });
      socket.destroy();
    });
  }

  #left(socket: Socket): void {
    this.#sockets.delete(socket);
    this.#host.counts.leave();
    if (this.#sockets.size === 0) this.#whenEmpty?.();
  }

  /** From the connection to the session. */
  async #welcome(socket: Socket, door: Door, direct: ClientFacts, hasRoom: boolean): Promise<void> {
    const { client, unread } = this.#proxies.has(direct.address) ? await this.#behindProxy(socket, door, direct) : { client: direct, unread: undefined };
    if (!client || socket.destroyed) return void socket.destroy();
    const session = new SessionConnection(this.#host, door.protocol, client, (owner) => new Transport(socket, owner));
    this.#sessions.add(session);
    session.onClose(() => this.#sessions.delete(session));
    if (!hasRoom || !session.takePlace()) return this.#turnAway(session, door);
    if (door.tls === 'at-once') {
      if (!(await session.startTls(unread))) return this.#options.log.debug('access.tls-failed', { service: door.protocol.service, clientAddress: client.address });
    } else if (unread) session.data(unread);
    if (this.#isClosing) session.shutDown();
    await this.#run(session, door);
  }

  async #run(session: SessionConnection, { protocol }: Door): Promise<void> {
    let farewell: FarewellReason | undefined;
    try {
      await protocol.serve(session);
    } catch (error) {
      farewell = 'internal-error';
      this.#options.log.error('access.internal-error', { service: protocol.service, clientAddress: session.client.address, error: textOf(error) });
    }
    if (farewell) session.sayFarewell(farewell);
    else session.end();
  }

  /** Under TLS from the first byte the client could not read why; and in a flood nobody is told, because saying farewell takes a while. */
  #turnAway(session: SessionConnection, { protocol, tls }: Door): void {
    const { all } = this.#host.counts;
    this.#options.log.warn('access.too-many-connections', { service: protocol.service, clientAddress: session.client.address, connections: all });
    if (tls === 'at-once' || all > ACCESS_LIMITS.connectionsMax + ACCESS_LIMITS.connectionsLeavingMax) session.destroy();
    else session.sayFarewell('too-many-connections');
  }

  /** Who the proxy says it is; no client when it says nothing that can be understood. */
  async #behindProxy(socket: Socket, { protocol }: Door, direct: ClientFacts): Promise<{ client?: ClientFacts; unread?: Buffer }> {
    const result = await readProxyHeader(socket, this.#options.clock);
    if (result.kind !== 'header') {
      const reason = result.kind === 'left' ? 'none came in time' : result.detail;
      this.#options.log.warn('access.proxy-header-refused', { service: protocol.service, clientAddress: direct.address, reason });
      return {};
    }
    const { header, rest: unread } = result;
    // A health check, or a client that the proxy does not name: it has no part in the trust that the proxy may have.
    if (header.kind === 'local') return { client: { ...direct, trusted: false }, unread };
    const address = plainAddress(header.source.address);
    return { client: { address, port: header.source.port, trusted: this.#isTrusted(address) }, unread };
  }

  #isTrusted(address: string): boolean {
    return this.#trusted.has(address) || this.#cleartextLogin.has(address);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function ignore(): void {
  // 'close' follows every error.
}
