/**
 * The SMTP server of one service: listens, admits clients, keeps their sessions, and ends them in an orderly way.
 * `smtp`, `submission`, `submissions`, `lmtp` and the local socket of `sendmail` are each one of these.
 *
 * Policy: everything that can refuse a client cheaply comes before a session exists (see greeter.ts).
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { ListenOptions, Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import type { HostPort } from '../../config/config.ts';
import type { IprevReport } from '../../contract/auth-report.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields } from '../../mail/log-events.ts';
import { plainAddress } from '../../net/cidr.ts';
import { claimAddress, listenOptions } from '../../net/listen-address.ts';
import { NetworkList } from '../../net/network-list.ts';
import { tlsFacts } from '../../net/tls.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import { formatReply } from '../../wire/smtp/reply.ts';
import type { SmtpReply } from '../../wire/smtp/reply.ts';
import { ClientCounts } from './admission.ts';
import { ClientConnection } from './client-connection.ts';
import { awaitSilence, readProxyHeader, secureAtOnce } from './greeter.ts';
import { prepareSpool } from './incoming-message.ts';
import type { ContentMemory } from './incoming-message.ts';
import type { SmtpServerOptions } from './options.ts';
import { Session } from './session.ts';
import { SessionState } from './session-state.ts';
import type { ClientFacts } from './session-state.ts';
import { ALL_CONNECTIONS, createLocalTally } from './tally.ts';
import type { ConnectionTally } from './tally.ts';

export interface SmtpServer {
  /** The addresses really listened on (a port 0 is resolved); empty for a Unix socket. Rejects with the system's error. */
  listen(): Promise<readonly HostPort[]>;
  /** Stops listening, lets open transactions finish within `drainMs` milliseconds (others get 421), then cuts off. */
  close(drainMs: number): Promise<void>;
  /** Open connections, those before the greeting included. */
  readonly connections: number;
}

/** Anybody on this machine may hand mail to the local socket, as with the `sendmail` of old. */
const LOCAL_SOCKET_MODE = 0o666;
const LISTENING_SOCKETS = 8;

export function createSmtpServer(options: SmtpServerOptions): SmtpServer {
  return new Listener(options);
}

interface Guest {
  readonly connection: ClientConnection;
  session?: Session;
}

class Listener implements SmtpServer {
  readonly #options: SmtpServerOptions;
  readonly #servers: Server[] = [];
  readonly #guests = new Set<Guest>();
  readonly #memory: ContentMemory = { bytes: 0 };
  readonly #trusted: NetworkList;
  readonly #proxies: NetworkList;
  readonly #tally: ConnectionTally;
  readonly #counts: ClientCounts;
  #whenEmpty: (() => void) | undefined;
  #closing = false;

  constructor(options: SmtpServerOptions) {
    this.#options = options;
    this.#trusted = new NetworkList(() => options.config.networks.trusted);
    this.#proxies = new NetworkList(() => options.config.networks.proxies);
    this.#tally = options.tally ?? createLocalTally();
    this.#counts = new ClientCounts(options.config, this.#tally);
  }

  get connections(): number {
    return this.#guests.size;
  }

  async listen(): Promise<readonly HostPort[]> {
    await prepareSpool(this.#options.ports.spoolDir);
    const where = this.#options.listen;
    if (typeof where === 'string') {
      await mkdir(dirname(where), { recursive: true });
      // A socket of a process that is gone; the lock on the data directory says that it is gone.
      await rm(where, { force: true });
      await this.#open({ path: where }, where);
      await chmod(where, LOCAL_SOCKET_MODE);
      return [];
    }
    const bound: HostPort[] = [];
    for (const { address, port } of where) bound.push(await this.#openAddress(address, port));
    return bound;
  }

  /**
   * Several sockets share the port (SO_REUSEPORT), because libuv accepts one connection per socket and turn of the event
   * loop, which would be the limit for clients that open a connection for each message.
   */
  async #openAddress(address: string, port: number): Promise<HostPort> {
    const wanted = { address, port };
    const where = this.#options.sharesAddresses ? wanted : await claimAddress(wanted);
    for (let count = 0; count < LISTENING_SOCKETS; count += 1) await this.#open({ ...listenOptions(where), reusePort: true }, `${address}:${port}`);
    return where;
  }

  #open(where: ListenOptions, name: string): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => this.#accept(socket, name));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.off('error', reject);
        server.on('error', (error) => this.#options.ports.log.error('smtp.listener-failed', { listener: name, error: String(error) }));
        resolve();
      });
    });
  }

  async close(drainMs: number): Promise<void> {
    this.#closing = true;
    for (const server of this.#servers) server.close();
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const guest of this.#guests) {
      if (guest.session) guest.session.shutDown();
      else if (!guest.connection.isEnding) guest.connection.destroy();
    }
    if (this.#guests.size === 0) return;
    const timer = this.#options.ports.clock.timer(drainMs, () => {
      for (const guest of this.#guests) guest.connection.destroy();
    });
    await empty;
    timer.cancel();
  }

  #accept(socket: Socket, name: string): void {
    const { ports, config } = this.#options;
    const connection = new ClientConnection(socket, ports.clock);
    const guest: Guest = { connection };
    const count = this.#tally.enter(ALL_CONNECTIONS);
    const isFull = count > config.smtp.maxConnections && !this.#makeRoom(count);
    this.#guests.add(guest);
    socket.once('close', () => this.#left(guest));
    const address = socket.remoteAddress === undefined ? undefined : plainAddress(socket.remoteAddress);
    const onSocket = typeof this.#options.listen === 'string';
    if (address === undefined && !onSocket) return connection.destroy();
    const client: ClientFacts = {
      ...(address !== undefined && { address }),
      ...(socket.remotePort !== undefined && { port: socket.remotePort }),
      trusted: onSocket || (address !== undefined && this.#trusted.has(address)),
      listener: socket.localAddress === undefined ? name : `${plainAddress(socket.localAddress)}:${socket.localPort}`,
      connectedAt: ports.clock.monotonic(),
    };
    if (isFull) return this.#turnAway(connection, client, REPLIES.tooManyConnections);
    if (this.#closing) return this.#turnAway(connection, client, REPLIES.shuttingDown);
    this.#welcome(guest, client).catch((error: unknown) => {
      ports.log.error('smtp.internal-error', { clientAddress: client.address, error: String(error) });
      connection.destroy();
    });
  }

  #left(guest: Guest): void {
    this.#guests.delete(guest);
    this.#tally.leave(ALL_CONNECTIONS);
    if (this.#guests.size === 0) this.#whenEmpty?.();
  }

  /** Silent connections must not keep the others out: the stranger idle for longest leaves. False when nobody can. */
  #makeRoom(count: number): boolean {
    const { idleWhenFullMs, connectionsLeavingMax } = SMTP_SERVER_LIMITS;
    if (count > this.#options.config.smtp.maxConnections + connectionsLeavingMax) return false;
    let idlest: Session | undefined;
    for (const { session } of this.#guests) {
      if (session && !session.isTrusted && session.idleMs > (idlest?.idleMs ?? idleWhenFullMs)) idlest = session;
    }
    idlest?.giveWay();
    return idlest !== undefined;
  }

  #turnAway(connection: ClientConnection, client: ClientFacts, reply: SmtpReply): void {
    const fields = { clientAddress: client.address ?? 'local', service: this.#options.service, stage: 'CONNECT' as const, code: reply.code, text: reply.text };
    this.#options.ports.log.info(LOG_EVENTS.smtpRejected, (reply.enhanced === undefined ? fields : { ...fields, enhanced: reply.enhanced }) satisfies LogEventFields['smtp.rejected']);
    connection.end(formatReply(reply), false);
  }

  /** From the connection to the greeting. */
  async #welcome(guest: Guest, direct: ClientFacts): Promise<void> {
    const { connection } = guest;
    const { ports, service } = this.#options;
    const behindProxy = direct.address !== undefined && this.#proxies.has(direct.address) ? await this.#behindProxy(connection, direct) : { client: direct, rest: undefined };
    if (!behindProxy) return connection.destroy();
    const { client, rest } = behindProxy;
    // RFC 2033 §3: no port for strangers.
    if (service === 'lmtp' && !client.trusted) return this.#turnAway(connection, client, REPLIES.lmtpDenied);
    if (client.address !== undefined && !client.trusted) {
      const leave = this.#counts.enter(client.address);
      if (!leave) return this.#turnAway(connection, client, REPLIES.tooManyConnections);
      guest.connection.onClose(leave);
    }
    ports.log.info(LOG_EVENTS.smtpConnected, { clientAddress: client.address ?? 'local', service } satisfies LogEventFields['smtp.connected']);
    let tlsSocket: TLSSocket | undefined;
    if (service === 'submissions') {
      const context = this.#options.secureContext();
      tlsSocket = context && (await secureAtOnce(connection, context, rest ?? Buffer.alloc(0)));
      if (!tlsSocket) return this.#tlsFailed(connection, client);
    }
    const unread = tlsSocket === undefined ? rest : undefined;
    const silence = await this.#awaitSilence(connection, client, unread);
    if (silence === 'talked') return this.#turnAway(connection, client, REPLIES.earlyTalker);
    if (silence === 'silent') this.#startSession(guest, client, tlsSocket, unread);
    else connection.destroy();
  }

  /** Who the proxy says it is; undefined when it says nothing that can be understood. */
  async #behindProxy(connection: ClientConnection, direct: ClientFacts): Promise<{ client: ClientFacts; rest: Buffer } | undefined> {
    const result = await readProxyHeader(connection);
    if (result.kind !== 'header') {
      this.#options.ports.log.warn('smtp.proxy-header-refused', { clientAddress: direct.address, reason: result.kind === 'left' ? 'none came in time' : result.detail });
      return undefined;
    }
    const { header, rest } = result;
    // A health check, or a client that the proxy does not name: it has no part in the trust that the proxy may have.
    if (header.kind === 'local') return { client: { ...direct, trusted: false }, rest };
    const address = plainAddress(header.source.address);
    return { client: { ...direct, address, port: header.source.port, trusted: this.#trusted.has(address), listener: `${plainAddress(header.destination.address)}:${header.destination.port}` }, rest };
  }

  #tlsFailed(connection: ClientConnection, client: ClientFacts): void {
    this.#options.ports.log.info('smtp.tls-failed', { clientAddress: client.address ?? 'local', service: this.#options.service });
    connection.destroy();
  }

  /** Only strangers on port 25: who cannot wait there is a bot; elsewhere it is a script that pipes its commands in. */
  #awaitSilence(connection: ClientConnection, client: ClientFacts, unread: Buffer | undefined): Promise<'silent' | 'talked' | 'left'> {
    const { ports, greetingDelayMs, service } = this.#options;
    if (service !== 'smtp' || client.trusted) return Promise.resolve('silent');
    if (unread !== undefined && unread.length > 0) return Promise.resolve('talked');
    return awaitSilence(connection, greetingDelayMs ?? 0, (delayMs, then) => void ports.clock.timer(delayMs, then));
  }

  #startSession(guest: Guest, client: ClientFacts, tlsSocket: TLSSocket | undefined, unread: Buffer | undefined): void {
    const { ports } = this.#options;
    const state = new SessionState(this.#options, guest.connection, client, this.#memory, tlsSocket);
    if (tlsSocket) {
      state.tls = tlsFacts(tlsSocket, 'server');
      ports.log.info(LOG_EVENTS.smtpTlsEstablished, { ...state.clientFields(), ...state.tls } satisfies LogEventFields['smtp.tls-established']);
    }
    if (client.address !== undefined) state.clientNameKnown = this.#lookUpName(state, client.address);
    guest.session = new Session(state, () => {
      delete guest.session;
    });
    guest.session.start();
    if (unread !== undefined && unread.length > 0) guest.session?.data(unread);
    if (this.#closing) guest.session?.shutDown();
  }

  /** Resolves when the name is known, when there is none, or when it took too long. */
  #lookUpName(state: SessionState, address: string): Promise<void> {
    const { clientName, clock } = this.#options.ports;
    return new Promise((resolve) => {
      const timer = clock.timer(SMTP_SERVER_LIMITS.clientNameTimeoutMs, resolve);
      const answered = ({ result, name }: Pick<IprevReport, 'result' | 'name'>): void => {
        if (result !== 'pass') state.clientNameStatus = result;
        else state.clientName = name;
        timer.cancel();
        resolve();
      };
      clientName(address).then(answered, () => answered({ result: 'temperror' }));
    });
  }
}
