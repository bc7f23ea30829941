/**
 * A complete server: opens the store, wires the stages, starts the listeners, takes up what was left in the spool, and
 * can be stopped without losing anything. `posthorn serve` runs one, the lab runs one, tests run several.
 */
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { createControlServer, type ControlServer } from '../face/control/server.ts';
import { controlSocketPath } from '../face/control/protocol.ts';
import type { GuardControl } from '../contract/guard.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import type { MailService } from '../contract/service-mail.ts';
import type { SmtpServerPorts } from '../flow/accept/options.ts';
import type { Brake } from '../flow/brake/brake.ts';
import type { Queue, QueueOptions } from '../flow/queue/queue.ts';
import type { VerbSource } from '../manage/local-call.ts';
import type { Inspection } from '../manage/inspection/inspection.ts';
import type { ManageContext } from '../manage/verb.ts';
import { createConnector } from '../net/connector.ts';
import { createResolver } from '../net/resolver.ts';
import { openStore, type OwnStore } from '../store/store.ts';
import { wantsAccess } from './access/access-addresses.ts';
import { startAccess, type RunningAccess } from './access/start-access.ts';
import { choreList } from './chore-list.ts';
import { startChores } from './chores.ts';
import { createDnsPublishing } from './dns-publishing.ts';
import { createDoctorNetwork } from './doctor-network.ts';
import { createDoors } from './doors.ts';
import { createFront, type Front, type PublicAddresses } from './front.ts';
import { createServerGuard } from './guard-chore.ts';
import { createLiveConfig } from './live-config.ts';
import { countDeliveries, countingSink, createCounters, createMetricsSource } from './metrics.ts';
import { createOutbound } from './outbound.ts';
import { createOwnMail } from './own-mail.ts';
import { Arrivals } from './sessions/arrivals.ts';
import type { AnswerPorts } from './sessions/session-questions.ts';
import { processorTimes } from './sessions/precedence.ts';
import { startSessionThreads, type SessionThreads } from './sessions/session-threads.ts';
import { mailboxSettingsOf, startRetention } from './retention.ts';
import { createSendingBrake, noteOutcomes } from './sending-brake.ts';
import { ANY_INSTALLATION, type Installation } from './installation.ts';
import { startInspection, type RunningInspection } from './inspection/start-inspection.ts';
import { createServices } from './services.ts';
import { createSharedParts, type SharedParts } from './shared-parts.ts';
import { countSending } from './sending-figures.ts';
import { createServerShaper } from './shaping.ts';
import { routeList } from './routes.ts';
import { watchSpool } from './spool.ts';
import { startUsers } from './users.ts';
import { startWeb, type RunningWeb } from './web.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: whatever is there. */
  readonly installation?: Installation;
  /** Verbs that the control socket offers. */
  readonly verbs: VerbSource;
  /** What must be so before what waits since the last run is tried: the lab's DNS has to know our records. */
  readonly beforeQueue?: (context: ManageContext) => Promise<void>;
  /** Addresses that outgoing mail connections may go to; default any. */
  readonly connectAllowed?: (address: string) => boolean;
  /** Sessions in threads of their own, with the system's clock; default: in this one. */
  readonly sessionThreads?: {
    readonly count: number;
    /** Takes their log lines, made as `config.log` says. */
    readonly writeLines: (lines: string) => void;
  };
  /** IMAP, POP3 and ManageSieve in a thread of their own, with the system's clock; default: in this one. */
  readonly accessThread?: { readonly writeLines: (lines: string) => void };
  /** What strangers wrote to services of this server is read in a thread of its own, with the system's clock; default: in this one. */
  readonly inspectionThread?: boolean;
}

export interface RunningServer {
  readonly context: ManageContext;
  /** Drops what was learnt from outside: cached DNS answers, idle connections, and how sites took our mail. */
  forget(): void;
  readonly addresses: PublicAddresses;
  /** Absent when sessions share the main thread. */
  readonly threads: SessionThreads | undefined;
  /** IMAP, POP3 and ManageSieve. Absent when none of them is configured. */
  readonly access: RunningAccess | undefined;
  readonly inspection: RunningInspection;
  /** The web server. Absent when no listener is configured. */
  readonly web: RunningWeb | undefined;
  /** Takes a new configuration and new certificates into use; names the settings that need a restart. */
  reload(next: Config): Promise<string[]>;
  /** Lets sessions and deliveries finish within `shutdownTimeoutMs`; everything else stays in the queue. */
  stop(): Promise<void>;
}

/** Path of the socket that the `sendmail` drop-in hands mail to. */
export function submitSocketPath(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'run', 'submit.sock');
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { clock, installation = ANY_INSTALLATION } = options;
  const counters = createCounters();
  const log = options.log.observedBy(countingSink(counters));
  const live = createLiveConfig(options.config);
  const { config } = live;
  const store = await openStore(config.dataDir, { clock, log, readerThread: options.accessThread !== undefined && wantsAccess(config) });
  const closing: Closing = [() => store.close(), () => store.reportsOut.flush().catch(() => {}), () => store.sendingDays.flush().catch(() => {})];
  store.startIndexing();
  try {
    await store.mailbox.quotas.configure(mailboxSettingsOf(config));
    const resolver = createResolver({ servers: config.dns.servers, trustAd: config.dns.trustAd, clock, log });
    const connector = createConnector({ clock, ...(options.connectAllowed ? { allow: options.connectAllowed } : {}) });
    const network = await createDoctorNetwork({ config, servers: config.dns.servers, dns: resolver, clock, connector });
    const inspection = startInspection({ config, clock, log, installation, dns: resolver, network, inThread: options.inspectionThread ?? false });
    closing.push(() => resolver.close(), () => network.close(), () => inspection.close());
    const { login, close: closeLogin } = await startUsers({ config, clock, log, store });
    closing.push(closeLogin);
    const shared = { config, clock, log, store, dns: resolver, login, ...createSharedParts(config, clock, store, (address) => login.provision(address)) };
    const shaper = await createServerShaper(shared);
    closing.push(() => shaper.close());
    const observers: SettledObserver[] = [];
    const services = new Map<string, MailService>();
    const { queue, remote, checkRecipient, sites, tls, fetch } = createOutbound({ ...shared, shaper, judgeContent: (message) => inspection.content(message), service: (name) => services.get(name), brake: { judge: (message) => brake.judge(message) }, onSettled: tellAll(observers), ...(options.sessionThreads ? { processorTimes } : {}), ...(options.connectAllowed ? { connectAllowed: options.connectAllowed } : {}) });
    closing.push(() => tls.close(), () => remote.close());
    const ownMail = createOwnMail({ ...shared, submit: (message) => doors.intake.submit(message) });
    for (const service of createServices({ ...shared, fetch, ownMail, inspection, complained: (lane) => shaper.complained(lane) })) services.set(service.name, service);
    const brake: Brake = createSendingBrake({ ...shared, queue: queue.control, ownMail });
    observers.push(noteOutcomes(brake), countDeliveries(counters), countSending(shared));
    closing.push(() => brake.close());
    const doors: SmtpServerPorts = createDoors({ ...shared, checkRecipient, brake, enqueue: (item) => queue.enqueue(item) });
    const front = await createFront({ config, ports: doors });
    const arrivals = new Arrivals({ store: store.queue, queue, clock, log });
    closing.push(() => front.close(0), () => arrivals.close());
    const answers = { login, checkRecipient, brake };
    const { addresses, threads } = await listen(options, { config, store, front, answers, arrivals, counters });
    closing.push(() => threads?.close(0));
    const access = await startAccess({ ...shared, ...options.accessThread, login, answers, counters });
    closing.push(() => access?.close(0));
    const publishing = createDnsPublishing({ config, clock, fetch, connector, installation });
    const context = contextOf({ ...shared, fetch, queue: queue.control, brake, metrics: createMetricsSource(counters, clock), logins: login, shaping: shaper.control, publishing, network, ownMail, inspection });
    const control = await createControlServer({ path: controlSocketPath(config), verbs: options.verbs, context, log });
    await options.beforeQueue?.(context);
    await queue.start();
    arrivals.readingEnded();
    const web = await startBackground({ context, shared, installation, doors, ownMail, closing });
    log.info('server.ready', { hostname: config.hostname, pid: process.pid, queued: queue.control.size.recipients });
    return {
      context,
      forget: () => forgetAll({ resolver, sites, shaper, tls, remote, threads }),
      addresses,
      threads,
      access,
      inspection,
      web,
      reload: (next) => reload({ config, store, live, front, web, resolver, sites, shaper, threads, access, inspection }, next),
      stop: once(() => stop(config, log, [front, ...[threads, access, web].filter((each) => each !== undefined)], control, queue, closing)),
    };
  } catch (error) {
    for (const close of closing.toReversed()) await close();
    throw error;
  }
}

type Closing = (() => Promise<void> | void)[];

interface Reloaded {
  readonly config: Config;
  readonly store: OwnStore;
  readonly live: ReturnType<typeof createLiveConfig>;
  readonly front: Front;
  readonly web: RunningWeb | undefined;
  readonly resolver: { flush(): void };
  readonly sites: { flush(): void };
  readonly shaper: { reloaded(): void };
  readonly threads: SessionThreads | undefined;
  readonly access: RunningAccess | undefined;
  readonly inspection: RunningInspection;
}

/** Certificates first: when they cannot be read, everything stays as it is. */
async function reload({ config, store, live, front, web, resolver, sites, shaper, threads, access, inspection }: Reloaded, next: Config): Promise<string[]> {
  await front.loadCertificate(next);
  await web?.loadCertificates(next);
  resolver.flush();
  sites.flush();
  const pending = live.replace(next);
  shaper.reloaded();
  inspection.reload(config);
  await store.mailbox.quotas.configure(mailboxSettingsOf(config));
  await threads?.reload(config);
  await access?.reload(config);
  return pending;
}

/** What verbs and chores work with. */
function contextOf({ store, config, dns, clock, log, queue, brake, metrics, logins, shaping, fetch, publishing, network, ownMail, inspection }: Required<Omit<ManageContext, 'guard'>> & { readonly inspection: Inspection }): ManageContext & { readonly guard: GuardControl } {
  const withoutGuard = { store, config, dns, clock, log, queue, brake, metrics, logins, shaping, fetch, publishing, network, ownMail, inspection };
  return { ...withoutGuard, guard: createServerGuard(withoutGuard) };
}

interface BackgroundParts {
  readonly context: ManageContext;
  readonly shared: Pick<SharedParts, 'directory'> & Pick<ManageContext, 'config' | 'clock' | 'log' | 'store'>;
  readonly installation: Installation;
  readonly doors: Pick<SmtpServerPorts, 'directory' | 'intake'>;
  readonly ownMail: OwnMail;
  readonly closing: Closing;
}

/** What goes on beside the mail: the spool of the drop-in, the web server, retention, and what is done now and then. */
async function startBackground({ context, shared, installation, doors, ownMail, closing }: BackgroundParts): Promise<RunningWeb | undefined> {
  const spool = await watchSpool({ ...shared, directory: doors.directory, intake: doors.intake });
  closing.push(() => spool.close());
  const web = await startWeb({ ...shared, routes: routeList({ context, isHosted: (domain) => shared.directory.isLocalDomain(domain) }) });
  closing.push(() => web?.close(0));
  const retention = startRetention(context);
  const chores = startChores({ ...shared, chores: choreList({ context, ownMail, installation }) });
  closing.push(() => retention.close(), () => chores.close());
  return web;
}

interface Learners {
  readonly resolver: { flush(): void };
  readonly sites: { flush(): void };
  readonly shaper: { forget(): void };
  readonly tls: { forget(): void };
  readonly remote: { leaveIdle(): void };
  readonly threads: { forget(): void } | undefined;
}

function forgetAll({ resolver, sites, shaper, tls, remote, threads }: Learners): void {
  resolver.flush();
  sites.flush();
  shaper.forget();
  tls.forget();
  remote.leaveIdle();
  threads?.forget();
}

type SettledObserver = NonNullable<QueueOptions['onSettled']>;

/** Those that are on the list by then. */
function tellAll(observers: readonly SettledObserver[]): SettledObserver {
  return (job, settled) => {
    for (const observer of observers) observer(job, settled);
  };
}

interface ListenPorts {
  /** The live one. */
  readonly config: Config;
  readonly store: OwnStore;
  readonly front: Front;
  readonly answers: AnswerPorts;
  readonly arrivals: Arrivals;
  readonly counters: Counters;
}

async function listen({ sessionThreads, clock, log }: ServerOptions, { config, store, front, answers, arrivals, counters }: ListenPorts) {
  await front.listenLocal(submitSocketPath(config));
  await front.listenLmtp(config.listen.lmtpSockets ?? []);
  if (!sessionThreads) return { addresses: await front.listenPublic(config.listen), threads: undefined };
  const threads = await startSessionThreads({ ...sessionThreads, config, clock, log, store, answers, arrivals, counters });
  return { addresses: threads.addresses, threads };
}

/** Doors and queue together, within one limit: what still comes in is stored and waits for the next start. The store last. */
async function stop(
  config: Config,
  log: Log,
  fronts: readonly { close(drainMs: number): Promise<void> }[],
  control: ControlServer,
  queue: Queue,
  closing: (() => Promise<void> | void)[],
): Promise<void> {
  const drainMs = config.shutdownTimeoutMs;
  log.info('server.stopping', { drainMs, inFlight: queue.control.size.inFlight });
  await Promise.all([control.close(), ...fronts.map((front) => front.close(drainMs)), queue.stop(drainMs)]);
  for (const close of closing.toReversed()) await close();
  log.info('server.stopped', {});
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
