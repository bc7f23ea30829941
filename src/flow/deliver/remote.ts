/**
 * Delivery over SMTP: to the MX hosts of a domain, or to the smarthost. Hosts are tried in order until every recipient
 * has met its fate or the limits of one attempt are reached; what stays open is deferred with the last word said.
 *
 * Policy: TLS towards MX hosts as tls-policy.ts finds it, towards a smarthost as its configuration says, verified at
 * least where the sender requires it (RFC 8689). Log-in only towards a smarthost. Source address, EHLO name, protocols and
 * messages each connection as the permit says; without one, as the configuration does.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { HttpsFetch } from '../../contract/https-fetch.ts';
import type { TlsResultRecorder } from '../../contract/tls-policy.ts';
import type { Reply } from '../../contract/message.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, RoutePlan } from '../../contract/queue.ts';
import type { Permit, RelayTarget } from '../../contract/sending.ts';
import type { Connector } from '../../net/connector.ts';
import { ConnectionPool } from '../../net/connection-pool.ts';
import { openSmtp, type OpenResult } from '../../net/smtp-client.ts';
import type { SmtpPorts, SmtpTarget } from '../../net/smtp-open.ts';
import { createClientTls, type ClientTls } from '../../net/tls.ts';
import { describeReply } from '../../wire/smtp/reply.ts';
import { Attempt } from './attempt.ts';
import { ConnectionSpans } from './connection-spans.ts';
import type { SignAgain } from './fit.ts';
import { deliverToHost } from './host-delivery.ts';
import { mailHosts, relayMailHosts, smartHosts, type MailHost, type MailHostStep } from './mail-hosts.ts';
import { Progress } from './progress.ts';
import { OauthTokens } from '../../net/oauth-tokens.ts';
import { createOwnHosts, type OwnHosts } from './own-hosts.ts';
import { Reach } from './reach.ts';
import { RememberedHosts } from './remembered-hosts.ts';
import { pausedLogin, RelayLogins, secretPlace } from './relay-logins.ts';
import { plannedTls, SessionTls } from './session-tls.ts';
import { createTlsPolicies, type TlsPlan, type TlsPolicies, type TlsStep } from './tls-policy.ts';
import { failure, judgeTrouble, type Judgement } from './trouble.ts';

export interface RemoteDelivererOptions {
  readonly config: Pick<Config, 'hostname' | 'listen' | 'outbound'>;
  readonly dns: Dns;
  readonly connector: Connector;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: Node's roots and outbound.caFile, read at the first delivery. */
  readonly clientTls?: ClientTls;
  /** For messages that a receiver without 8BITMIME gets converted; default: they go with broken signatures. */
  readonly signAgain?: SignAgain;
  /** Default: what DNS says, no MTA-STS. */
  readonly tlsPolicies?: TlsPolicies;
  /** For relays whose token is fetched; default: such a log-in fails. */
  readonly httpsFetch?: HttpsFetch;
  /** Where TLS sessions are counted; default nowhere. */
  readonly tlsResults?: TlsResultRecorder;
}

export interface RemoteDeliverer extends Deliverer {
  /** Asks a relay whether it would take mail for this address; no content is sent. Ends by the signal. */
  probe(relay: RelayTarget, address: string, signal: AbortSignal): Promise<RelayProbe>;
  /** Leaves the connections that wait, so that the next message sees the network as it is now. */
  leaveIdle(): void;
  /** As leaveIdle, and keeps none from now on. Deliveries under way end by their signal. */
  close(): void;
}

export type RelayProbe =
  /** To RCPT. */
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** No host of the relay could be asked. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** It refused before RCPT. */
  | { readonly kind: 'unclear'; readonly detail: string };

/** What is made from the configuration. */
interface Settings {
  readonly outbound: Config['outbound'];
  readonly own: OwnHosts;
  readonly clientTls: ClientTls;
}

type HostStep = Extract<MailHostStep, { kind: 'host' }>;
type Relay = Extract<RoutePlan, { kind: 'smarthost' }>;
type RemoteRoute = Extract<RoutePlan, { kind: 'mx' | 'smarthost' }>;

/** For jobs whose route is `mx` or `smarthost`; any other is a bug and throws. */
export function createRemoteDeliverer(options: RemoteDelivererOptions): RemoteDeliverer {
  return new Remote(options);
}

class Remote implements RemoteDeliverer {
  readonly #options: RemoteDelivererOptions;
  readonly #pool: ConnectionPool;
  readonly #policies: TlsPolicies;
  readonly #tls: SessionTls;
  readonly #silent: RememberedHosts;
  readonly #unpipelined: RememberedHosts;
  readonly #spans: ConnectionSpans;
  readonly #logins: RelayLogins;
  #settings: Settings | undefined;

  constructor(options: RemoteDelivererOptions) {
    this.#options = options;
    this.#pool = new ConnectionPool(options.clock);
    this.#policies = options.tlsPolicies ?? createTlsPolicies(options);
    this.#tls = new SessionTls(options.clock, options.tlsResults);
    this.#silent = new RememberedHosts(options.clock, SMTP_CLIENT_LIMITS.silentHostMs);
    this.#unpipelined = new RememberedHosts(options.clock, SMTP_CLIENT_LIMITS.connectionSpanMs);
    this.#spans = new ConnectionSpans(options.clock);
    this.#logins = new RelayLogins(options.clock, new OauthTokens(options.clock, options.httpsFetch));
  }

  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
    const route = wayOf(job);
    const attempt = new Attempt(job);
    try {
      const paused = route.kind === 'smarthost' ? await this.#logins.pause(route) : undefined;
      if (paused && route.kind === 'smarthost') this.#wait(attempt, route, paused);
      else await this.#tryHosts(attempt, route, await this.#currentSettings(), signal);
    } catch (error) {
      this.#failLocally(attempt, error, signal);
    }
    return attempt.finish();
  }

  async probe(relay: RelayTarget, address: string, signal: AbortSignal): Promise<RelayProbe> {
    const settings = await this.#currentSettings();
    const route: Relay = { kind: 'smarthost', key: '', ...relay };
    const paused = await this.#logins.pause(route);
    let detail = paused?.reply.text ?? 'it has no address';
    if (paused) return { kind: 'unreachable', detail };
    const reach = new Reach(this.#options.clock);
    for await (const step of this.#candidates(undefined, route, settings, signal)) {
      if (step.kind === 'dead') detail = step.judgement.reply.text;
      else {
        reach.begins();
        const target = this.#relayTarget(undefined, route, step, false);
        const { clock, connector } = this.#options;
        const opened = await openSmtp({ clock, connector, clientTls: settings.clientTls }, target, signal);
        await this.#learn(route, target, opened);
        const asked = opened.kind === 'open' ? await opened.connection.probe(address, signal) : opened;
        if (asked.kind === 'reply') return asked;
        const peer = `${step.host.mx}[${step.host.address}]:${target.port}`;
        const said = judgeTrouble(asked.trouble, { peer, reused: false }).reply;
        if (asked.trouble.step === 'mail') return { kind: 'unclear', detail: describeReply(said) };
        detail = said.text;
      }
      if (signal.aborted || reach.exhausted) break;
    }
    return { kind: 'unreachable', detail };
  }

  leaveIdle(): void {
    this.#tls.forget();
    this.#silent.clear();
    this.#unpipelined.clear();
    this.#pool.leaveIdle();
  }

  close(): void {
    this.#pool.closeAll();
  }

  /** A reload replaces config.outbound by a new object; what was made from the old one is then made again. */
  async #currentSettings(): Promise<Settings> {
    const { config, clientTls } = this.#options;
    if (this.#settings?.outbound !== config.outbound) {
      const { outbound } = config;
      this.#settings = { outbound, own: createOwnHosts(config), clientTls: clientTls ?? (await createClientTls(outbound)) };
    }
    return this.#settings;
  }

  /** A log-in that was refused is not repeated at once. */
  #wait(attempt: Attempt, route: Relay, refused: Judgement): void {
    const place = secretPlace(route);
    attempt.dead(route.host, pausedLogin(refused), { port: route.port, ...(place === undefined ? {} : { advice: place }) });
  }

  async #tryHosts(attempt: Attempt, route: RemoteRoute, settings: Settings, signal: AbortSignal): Promise<void> {
    const { requireTls, tlsOptional } = attempt.job.message.options;
    const encrypt = attempt.job.permit?.tlsRequired ?? false;
    const domainTls = route.kind === 'mx' ? this.#policies.forDomain(route.domain, { requireTls, encrypt, ...(tlsOptional && { tlsOptional }) }, signal) : undefined;
    const port = route.kind === 'mx' ? settings.outbound.port : route.port;
    const unprotected = new Set<string>();
    const reach = new Reach(this.#options.clock);
    const progress = new Progress(this.#options.clock, attempt.job.onStep);
    progress.lookingUp();
    for await (const step of silentLast(this.#candidates(attempt.job.permit, route, settings, signal), ({ address }) => this.#silent.has(address, port))) {
      if (step.kind === 'dead') attempt.dead(step.mx, step.judgement, step.advice === undefined ? {} : { advice: step.advice });
      else if (!unprotected.has(step.host.mx)) {
        if (domainTls) progress.protecting(step.host.mx);
        const tls = await domainTls?.forHost(step);
        if (tls?.kind === 'skip') {
          unprotected.add(step.host.mx);
          this.#skip(attempt, route, step.host, tls);
        } else {
          reach.begins();
          const timeoutMs = reach.connectTimeoutMs(this.#silent.has(step.host.address, port));
          const plan = tls && this.#tls.remembering(tls.plan, step.host.address, port);
          const target = { ...this.#target(attempt.job, route, step, plan), connectTimeoutMs: timeoutMs };
          const onStep = progress.at(step.host.mx, step.host.address, target.port);
          const ports = { connector: this.#options.connector, clock: this.#options.clock, clientTls: settings.clientTls, onStep };
          if (await this.#tryHost(attempt, route, ports, step.host, target, plan, signal)) reach.spoke();
        }
      }
      if (attempt.done || signal.aborted) return;
      if (reach.exhausted) return attempt.cutShort();
      progress.lookingUp();
    }
  }

  #candidates(permit: Permit | undefined, route: RemoteRoute, { own, outbound }: Settings, signal: AbortSignal): AsyncIterable<MailHostStep> {
    const protocols = permit && permit.protocols.length > 0 ? permit.protocols : outbound.protocols;
    const ports = { dns: this.#options.dns, own, protocols, signal };
    if (route.kind === 'mx') return mailHosts(ports, route.domain);
    return route.lookup === 'mx' ? relayMailHosts(ports, route) : smartHosts(ports, route);
  }

  /** The host may not be used now: its TLS cannot be what it must be. */
  #skip(attempt: Attempt, route: RemoteRoute, host: MailHost, step: Extract<TlsStep, { kind: 'skip' }>): void {
    if (route.kind === 'mx') this.#tls.skipped(route.domain, host, step);
    attempt.dead(host.mx, step.judgement, { address: host.address, port: this.#options.config.outbound.port, tlsPolicy: step.facts });
    this.#options.log.info('delivery.host-skipped', { id: attempt.job.message.id, mx: host.mx, error: step.judgement.reply.text });
  }

  /** True when the host was asked about recipients. */
  async #tryHost(
    attempt: Attempt, route: RemoteRoute, ports: SmtpPorts, host: MailHost, target: SmtpTarget, plan: TlsPlan | undefined, signal: AbortSignal,
  ): Promise<boolean> {
    const { log, signAgain } = this.#options;
    const { permit } = attempt.job;
    const before = attempt.tried.length;
    let opened: OpenResult | undefined;
    const onOpened = (result: OpenResult): void => {
      opened = result;
      if (plan && route.kind === 'mx') this.#tls.opened(route.domain, plan, target, host.mx, result);
    };
    const spoke = await deliverToHost(
      {
        ports, pool: this.#pool, spans: this.#spans, unpipelined: this.#unpipelined, host, target, poolKey: poolKey(route, target, plan?.key), signal, signAgain, plan, onOpened,
        onTransaction: (connection, fates) => plan && this.#tls.transacted(plan, target, connection, fates),
        group: permit && connectionGroup(permit),
        messagesMax: permit?.messagesPerConnectionMax,
        secretPlace: route.kind === 'smarthost' ? secretPlace(route) : undefined,
      },
      attempt,
    );
    await this.#learn(route, target, opened);
    for (const { error } of attempt.tried.slice(before)) {
      log.info('delivery.host-failed', { id: attempt.job.message.id, mx: host.mx, address: host.address, error });
    }
    return spoke;
  }

  /** Who did not answer, and who refused our log-in; nothing when a kept connection served. */
  async #learn(route: RemoteRoute, target: SmtpTarget, opened: OpenResult | undefined): Promise<void> {
    if (!opened) return;
    const trouble = opened.kind === 'trouble' ? opened.trouble : undefined;
    const silent = trouble !== undefined && (trouble.kind === 'timeout' || trouble.kind === 'lost') && trouble.step !== 'auth';
    this.#silent.note(target.address, target.port, silent);
    if (route.kind !== 'smarthost' || !target.login || (trouble && trouble.kind !== 'login')) return;
    const peer = `${target.host}[${target.address}]:${target.port}`;
    await this.#logins.finished(route, trouble && judgeTrouble(trouble, { peer, reused: false }));
  }

  #target({ permit, message }: DeliveryJob, route: RemoteRoute, step: HostStep, plan: TlsPlan | undefined): SmtpTarget {
    if (route.kind === 'smarthost') return this.#relayTarget(permit, route, step, message.options.requireTls);
    if (!plan) throw new Error('a mail host without a plan for its TLS');
    const { address } = step.host;
    const { port } = this.#options.config.outbound;
    return { ...this.#source(permit, address), port, ...plannedTls(plan) };
  }

  #relayTarget(permit: Permit | undefined, relay: Relay, { host: { mx, address }, secure }: HostStep, requireTls: boolean): SmtpTarget {
    const login = this.#logins.loginFor(relay);
    return {
      ...this.#source(permit, address),
      // The name of an MX that nobody vouches for proves nothing: then the certificate must have the name that was configured.
      host: secure ? mx : relay.host,
      port: relay.port,
      tls: requireTls ? 'verify' : relay.tls,
      // RFC 8314 §7.3: this port begins with TLS.
      implicitTls: relay.port === 465 && relay.protocol !== 'lmtp',
      ...(relay.protocol === undefined ? {} : { protocol: relay.protocol }),
      ...(login ? { login } : {}),
    };
  }

  /** Where we come from, and who we say we are, towards this address. */
  #source(permit: Permit | undefined, address: string): Pick<SmtpTarget, 'address' | 'helo' | 'localAddress'> {
    const { hostname, outbound } = this.#options.config;
    if (address.startsWith('/')) return { address, helo: hostname };
    const source = (permit?.sources ?? outbound.ips).find((ip) => isIPv6(ip.address) === isIPv6(address));
    return { address, helo: source?.helo ?? hostname, ...(source ? { localAddress: source.address } : {}) };
  }

  #failLocally(attempt: Attempt, error: unknown, signal: AbortSignal): void {
    const text = signal.aborted ? 'the server is shutting down' : 'a problem in this server; see its log';
    if (!signal.aborted) this.#options.log.error('delivery.failed', { id: attempt.job.message.id, error: String(error) });
    for (const recipient of attempt.pending) attempt.troubled(recipient, failure('local', 451, '4.3.0', text), {});
  }
}

/** The way the shaper found, while our own addresses rest, goes before the route. */
function wayOf({ route, permit }: DeliveryJob): RemoteRoute {
  if (route.kind !== 'mx' && route.kind !== 'smarthost') throw new Error(`not a remote route: ${route.kind}`);
  return permit?.detour ? { kind: 'smarthost', key: route.key, ...permit.detour } : route;
}

/** Those that did not answer lately come after all others; each keeps its place among its own. */
async function* silentLast(steps: AsyncIterable<MailHostStep>, isSilent: (host: MailHost) => boolean): AsyncGenerator<MailHostStep> {
  const later: MailHostStep[] = [];
  for await (const step of steps) {
    if (step.kind === 'host' && isSilent(step.host)) later.push(step);
    else yield step;
  }
  yield* later;
}

/** Sites count connections together, unless their profile says that they do it for each source address. */
function connectionGroup({ site, lane }: Permit): string {
  return site.profile?.limits.perSource ? `${site.key} ${lane.source}` : site.key;
}

function poolKey(route: RemoteRoute, target: SmtpTarget, demanded = ''): string {
  const { address, port, localAddress = '', helo, tls, host, protocol = 'smtp' } = target;
  const verifiedName = tls === 'verify' ? host : '';
  const user = route.kind === 'smarthost' ? `${route.username ?? ''} ${secretPlace(route) ?? ''}` : '';
  return [protocol, address, port, localAddress, helo, tls, verifiedName, demanded, user].join('|');
}
