/**
 * A complete server: opens the store, wires the stages, starts the listeners, takes up what was left in the spool, and
 * can be stopped without losing anything. `posthorn serve` runs one, the lab runs one, tests run several.
 */
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config, HostPort } from '../config/config.ts';
import { createControlServer, type ControlServer } from '../face/control/server.ts';
import { controlSocketPath } from '../face/control/protocol.ts';
import { createSmtpServer, type SmtpServer } from '../flow/accept/server.ts';
import type { SmtpServerPorts, SmtpService } from '../flow/accept/options.ts';
import type { Queue } from '../flow/queue/queue.ts';
import { createSigner, type Signer } from '../flow/sign/signer.ts';
import type { Directory } from '../contract/directory.ts';
import type { AnyVerb } from '../manage/local-call.ts';
import type { ManageContext } from '../manage/verb.ts';
import { createResolver } from '../net/resolver.ts';
import { loadServerContext } from '../net/tls.ts';
import { createDirectory } from '../store/directory.ts';
import { createSigningKeys } from '../store/signing-keys.ts';
import { openStore, type Store } from '../store/store.ts';
import { createDoors } from './doors.ts';
import { createLiveConfig } from './live-config.ts';
import { createOutbound } from './outbound.ts';
import { watchSpool } from './spool.ts';

export interface ServerOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Verbs that the control socket offers. */
  readonly verbs: readonly AnyVerb[];
  /** Addresses that outgoing mail connections may go to; default any. */
  readonly connectAllowed?: (address: string) => boolean;
}

export interface RunningServer {
  readonly context: ManageContext;
  /** Drops what was learnt from outside: cached DNS answers and idle connections. */
  forget(): void;
  readonly addresses: Readonly<Record<Exclude<SmtpService, 'local'>, readonly HostPort[]>>;
  /** Takes a new configuration and new certificates into use; names the settings that need a restart. */
  reload(next: Config): Promise<string[]>;
  /** Lets sessions and deliveries finish within `shutdownTimeoutMs`; everything else stays in the queue. */
  stop(): Promise<void>;
}

const PUBLIC_SERVICES = ['smtp', 'submission', 'submissions'] as const;

/** Path of the socket that the `sendmail` drop-in hands mail to. */
export function submitSocketPath(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'run', 'submit.sock');
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { clock, log } = options;
  const live = createLiveConfig(options.config);
  const { config } = live;
  const store = await openStore(config.dataDir, { clock, log });
  const closing: (() => Promise<void> | void)[] = [() => store.close()];
  try {
    const resolver = createResolver({ servers: config.dns.servers, trustAd: config.dns.trustAd, clock, log });
    closing.push(() => resolver.close());
    const tls = await createTlsHolder(config);
    const shared = { config, clock, log, store, dns: resolver, ...createSharedParts(config, clock, store) };
    const { queue, remote, sites } = createOutbound({ ...shared, ...(options.connectAllowed ? { connectAllowed: options.connectAllowed } : {}) });
    closing.push(() => remote.close());
    const doors = createDoors({ ...shared, enqueue: (item) => queue.enqueue(item) });
    const smtp = await listen(config, doors, tls.current, closing);
    const context: ManageContext = { store, config, dns: resolver, clock, log, queue: queue.control };
    const control = await createControlServer({ path: controlSocketPath(config), verbs: options.verbs, context, log });
    await queue.start();
    const spool = await watchSpool({ config, clock, log, directory: doors.directory, intake: doors.intake });
    closing.push(() => spool.close());
    log.info('server.ready', { hostname: config.hostname, pid: process.pid, queued: queue.control.size.recipients });
    return {
      context,
      forget: () => {
        resolver.flush();
        sites.flush();
        remote.leaveIdle();
      },
      addresses: smtp.addresses,
      reload: async (next) => {
        await tls.load(next);
        resolver.flush();
        sites.flush();
        return live.replace(next);
      },
      stop: once(() => stop(config, log, smtp.servers, control, queue, closing)),
    };
  } catch (error) {
    for (const close of closing.toReversed()) await close();
    throw error;
  }
}

/** What both ways ask: who lives here, and which keys sign. */
function createSharedParts(config: Config, clock: Clock, store: Store): { readonly directory: Directory; readonly signer: Signer } {
  const directory = createDirectory({ store, hostname: config.hostname, origin: config.origin });
  return { directory, signer: createSigner({ keys: createSigningKeys({ store }), config, clock }) };
}

/** The certificate in use; a failed reload leaves the old one in place. */
async function createTlsHolder(config: Config) {
  let context: SecureContext | undefined;
  const load = async ({ tls }: Config): Promise<void> => {
    context = tls.certificate && tls.key ? await loadServerContext({ certificate: tls.certificate, key: tls.key }) : undefined;
  };
  await load(config);
  return { current: () => context, load };
}

async function listen(config: Config, ports: SmtpServerPorts, secureContext: () => SecureContext | undefined, closing: (() => Promise<void> | void)[]) {
  const servers: SmtpServer[] = [];
  const addresses: Record<(typeof PUBLIC_SERVICES)[number], readonly HostPort[]> = { smtp: [], submission: [], submissions: [] };
  const open = async (service: SmtpService, where: readonly HostPort[] | string): Promise<readonly HostPort[]> => {
    const server = createSmtpServer({ service, listen: where, hostname: config.hostname, config, secureContext, ports });
    servers.push(server);
    closing.push(() => server.close(0));
    return server.listen();
  };
  for (const service of PUBLIC_SERVICES) {
    if (config.listen[service].length > 0) addresses[service] = await open(service, config.listen[service]);
  }
  await open('local', submitSocketPath(config));
  return { servers, addresses };
}

/** Doors and queue together, within one limit: what still comes in is stored and waits for the next start. The store last. */
async function stop(
  config: Config,
  log: Log,
  servers: readonly SmtpServer[],
  control: ControlServer,
  queue: Queue,
  closing: (() => Promise<void> | void)[],
): Promise<void> {
  const drainMs = config.shutdownTimeoutMs;
  log.info('server.stopping', { drainMs, inFlight: queue.control.size.inFlight });
  await Promise.all([control.close(), ...servers.map((server) => server.close(drainMs)), queue.stop(drainMs)]);
  for (const close of closing.toReversed()) await close();
  log.info('server.stopped', {});
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
