/**
 * Delivery over SMTP: to the MX hosts of a domain, or to the smarthost. Hosts are tried in order until every recipient
 * has met its fate or the limits of one attempt are reached; what stays open is deferred with the last word said.
 *
 * Policy: TLS towards MX hosts as tls-policy.ts finds it, towards a smarthost as its configuration says, verified at
 * least where the sender requires it (RFC 8689). Log-in only towards a smarthost.
 */
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { TlsResultRecorder } from '../../contract/tls-policy.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, RoutePlan } from '../../contract/queue.ts';
import type { Connector } from '../../net/connector.ts';
import { ConnectionPool } from '../../net/connection-pool.ts';
import type { OpenResult } from '../../net/smtp-client.ts';
import type { SmtpTarget } from '../../net/smtp-open.ts';
import { createClientTls, type ClientTls } from '../../net/tls.ts';
import { Attempt } from './attempt.ts';
import type { SignAgain } from './fit.ts';
import { deliverToHost } from './host-delivery.ts';
import { mailHosts, smartHosts, type MailHost, type MailHostStep } from './mail-hosts.ts';
import { createOwnHosts, type OwnHosts } from './own-hosts.ts';
import { SessionTls } from './session-tls.ts';
import { createTlsPolicies, type TlsPlan, type TlsPolicies, type TlsStep } from './tls-policy.ts';
import { failure } from './trouble.ts';

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
  /** Where TLS sessions are counted; default nowhere. */
  readonly tlsResults?: TlsResultRecorder;
}

export interface RemoteDeliverer extends Deliverer {
  /** Leaves the connections that wait, so that the next message sees the network as it is now. */
  leaveIdle(): void;
  /** As leaveIdle, and keeps none from now on. Deliveries under way end by their signal. */
  close(): void;
}

/** What is made from the configuration. */
interface Settings {
  readonly outbound: Config['outbound'];
  readonly own: OwnHosts;
  readonly clientTls: ClientTls;
}

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
  #settings: Settings | undefined;

  constructor(options: RemoteDelivererOptions) {
    this.#options = options;
    this.#pool = new ConnectionPool(options.clock);
    this.#policies = options.tlsPolicies ?? createTlsPolicies(options);
    this.#tls = new SessionTls(options.clock, options.tlsResults);
  }

  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
    const { route } = job;
    if (route.kind !== 'mx' && route.kind !== 'smarthost') throw new Error(`not a remote route: ${route.kind}`);
    const attempt = new Attempt(job);
    try {
      await this.#tryHosts(attempt, route, await this.#currentSettings(), signal);
    } catch (error) {
      this.#failLocally(attempt, error, signal);
    }
    return attempt.finish();
  }

  leaveIdle(): void {
    this.#tls.forget();
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

  async #tryHosts(attempt: Attempt, route: RemoteRoute, settings: Settings, signal: AbortSignal): Promise<void> {
    const { requireTls } = attempt.job.message.options;
    const encrypt = attempt.job.permit?.tlsRequired ?? false;
    const domainTls = route.kind === 'mx' ? this.#policies.forDomain(route.domain, { requireTls, encrypt }, signal) : undefined;
    const unprotected = new Set<string>();
    let addresses = 0;
    let sessions = 0;
    for await (const step of this.#candidates(route, settings, signal)) {
      if (step.kind === 'dead') attempt.dead(step.mx, step.judgement);
      else if (!unprotected.has(step.host.mx)) {
        const tls = await domainTls?.forHost(step);
        if (tls?.kind === 'skip') {
          unprotected.add(step.host.mx);
          this.#skip(attempt, route, step.host, tls);
        } else {
          addresses += 1;
          if (await this.#tryHost(attempt, route, settings.clientTls, step.host, tls?.plan, signal)) sessions += 1;
        }
      }
      if (attempt.done || signal.aborted) return;
      if (addresses >= SMTP_CLIENT_LIMITS.addressesPerAttemptMax || sessions >= SMTP_CLIENT_LIMITS.sessionsPerAttemptMax) return;
    }
  }

  #candidates(route: RemoteRoute, { own, outbound }: Settings, signal: AbortSignal): AsyncIterable<MailHostStep> {
    const ports = { dns: this.#options.dns, own, protocols: outbound.protocols, signal };
    return route.kind === 'mx' ? mailHosts(ports, route.domain) : smartHosts(ports, route.host);
  }

  /** The host may not be used now: its TLS cannot be what it must be. */
  #skip(attempt: Attempt, route: RemoteRoute, host: MailHost, step: Extract<TlsStep, { kind: 'skip' }>): void {
    if (route.kind === 'mx') this.#tls.skipped(route.domain, host, step);
    attempt.dead(host.mx, step.judgement, { address: host.address, tlsPolicy: step.facts });
    this.#options.log.info('delivery.host-skipped', { id: attempt.job.message.id, mx: host.mx, error: step.judgement.reply.text });
  }

  async #tryHost(attempt: Attempt, route: RemoteRoute, clientTls: ClientTls, host: MailHost, plan: TlsPlan | undefined, signal: AbortSignal): Promise<boolean> {
    const { clock, connector, log, signAgain } = this.#options;
    const target = this.#target(route, host, plan, attempt.job.message.options.requireTls);
    const before = attempt.tried.length;
    const onOpened = (result: OpenResult): void => {
      if (plan && route.kind === 'mx') this.#tls.opened(route.domain, plan, target, host.mx, result);
    };
    const key = poolKey(route, target, plan?.key);
    const delivery = { ports: { connector, clock, clientTls }, pool: this.#pool, host, target, poolKey: key, signal, signAgain, plan, onOpened };
    const spoke = await deliverToHost(delivery, attempt);
    for (const { error } of attempt.tried.slice(before)) {
      log.info('delivery.host-failed', { id: attempt.job.message.id, mx: host.mx, address: host.address, error });
    }
    return spoke;
  }

  #target(route: RemoteRoute, { mx, address }: MailHost, plan: TlsPlan | undefined, requireTls: boolean): SmtpTarget {
    const { hostname, outbound } = this.#options.config;
    const source = outbound.ips.find((ip) => isIPv6(ip.address) === isIPv6(address));
    const base = { address, helo: source?.helo ?? hostname, ...(source ? { localAddress: source.address } : {}) };
    if (plan) return { ...base, port: outbound.port, ...this.#tls.target(plan, address, outbound.port) };
    if (route.kind === 'mx') throw new Error('a mail host without a plan for its TLS');
    const { username, passwordFile } = route;
    return {
      ...base,
      host: mx,
      port: route.port,
      tls: requireTls ? 'verify' : route.tls,
      // RFC 8314 §7.3: this port begins with TLS.
      implicitTls: route.port === 465,
      ...(username === undefined ? {} : { credentials: async () => ({ username, password: await readPassword(passwordFile) }) }),
    };
  }

  #failLocally(attempt: Attempt, error: unknown, signal: AbortSignal): void {
    const text = signal.aborted ? 'the server is shutting down' : 'a problem in this server; see its log';
    if (!signal.aborted) this.#options.log.error('delivery.failed', { id: attempt.job.message.id, error: String(error) });
    for (const recipient of attempt.pending) attempt.troubled(recipient, failure('local', 451, '4.3.0', text), {});
  }
}

function poolKey(route: RemoteRoute, target: SmtpTarget, demanded = ''): string {
  const { address, port, localAddress = '', helo, tls, host } = target;
  const verifiedName = tls === 'verify' ? host : '';
  const user = route.kind === 'smarthost' ? `${route.username ?? ''} ${route.passwordFile ?? ''}` : '';
  return [address, port, localAddress, helo, tls, verifiedName, demanded, user].join('|');
}

async function readPassword(file: string | undefined): Promise<string> {
  if (file === undefined) throw new Error('relay.username is set, but relay.password-file is not');
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new Error(`cannot read relay.password-file ${file}`, { cause });
  }
}
