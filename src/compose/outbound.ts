/**
 * The way out: router, deliverers, feedback and the queue that drives them. Everything here lives in the main thread.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { MailboxRoom } from '../contract/mailbox-room.ts';
import type { Directory } from '../contract/directory.ts';
import type { SendingBrake } from '../contract/sending-brake.ts';
import type { Dns } from '../contract/dns.ts';
import type { HttpsFetch } from '../contract/https-fetch.ts';
import { isFromOutside } from '../contract/message.ts';
import type { Deliverer, RoutePlan } from '../contract/queue.ts';
import type { CheckRecipient } from '../contract/recipient-check.ts';
import type { MailService } from '../contract/service-mail.ts';
import { createLocalDeliverer } from '../flow/deliver/local.ts';
import { createMaildirDeliverer } from '../flow/deliver/maildir.ts';
import { createRemoteDeliverer, type RemoteDeliverer } from '../flow/deliver/remote.ts';
import { createServiceDeliverer } from '../flow/deliver/service.ts';
import { createPreflightDeliverer, type PreflightOptions } from '../flow/preflight/preflight-deliverer.ts';
import { createQueue, type Queue, type QueueOptions } from '../flow/queue/queue.ts';
import { createRouter } from '../flow/route/router.ts';
import { createSiteFinder, type SiteFinder } from '../flow/route/site-finder.ts';
import { signAgain } from '../flow/sign/sign-again.ts';
import { createRecipientChecker } from '../flow/verify-address/recipient-checker.ts';
import type { Signer } from '../flow/sign/signer.ts';
import type { LiveShaper } from '../flow/shape/shaper.ts';
import { createSuppressingRouter } from '../flow/suppress/suppressing-router.ts';
import { siteTable, type SiteTable } from '../mail/sites/own-sites.ts';
import { createConnector } from '../net/connector.ts';
import type { Store } from '../store/store.ts';
import { createNotices } from './notices.ts';
import { createLocalFilter } from './sieve-filter.ts';
import { createOutboundTls, createPolicyFetch, type OutboundTls } from './outbound-tls.ts';
import { createSettledListener } from './settled.ts';

export interface OutboundPorts {
  /** The live one: a reload changes what it says. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly dns: Dns;
  readonly directory: Directory;
  readonly signer: Signer;
  readonly mailboxRoom: MailboxRoom;
  readonly shaper: LiveShaper;
  /** Asked about what scripts send. */
  readonly brake: SendingBrake;
  /** What reads mail here, by name. */
  readonly service: (name: string) => MailService | undefined;
  /** Of outgoing mail, for preflight. */
  readonly judgeContent: PreflightOptions['judgeContent'];
  /** Told the fate of recipients, behind the commit. */
  readonly onSettled?: QueueOptions['onSettled'];
  /** With it deliveries wait while mail comes in faster than this machine can do both; default: never. */
  readonly processorTimes?: QueueOptions['processorTimes'];
  /** Addresses that outgoing mail connections may go to; default any. */
  readonly connectAllowed?: (address: string) => boolean;
}

export interface Outbound {
  readonly queue: Queue;
  readonly remote: RemoteDeliverer;
  readonly checkRecipient: CheckRecipient;
  readonly sites: SiteFinder;
  readonly tls: OutboundTls;
  /** For verbs that look at what domains publish. */
  readonly fetch: HttpsFetch;
}

export function createOutbound(ports: OutboundPorts): Outbound {
  const { config, clock, log, store, dns, directory, signer } = ports;
  const connector = createConnector({ clock, ...(ports.connectAllowed ? { allow: ports.connectAllowed } : {}) });
  const tls = createOutboundTls({ ...ports, connector });
  const fetchDocument = createPolicyFetch({ ...ports, connector });
  const remote = createRemoteDeliverer({
    tlsPolicies: tls.policies,
    httpsFetch: fetchDocument,
    tlsResults: store.tlsResults,
    config,
    dns,
    connector,
    clock,
    log,
    // A stranger's message has no signature of ours.
    signAgain: async (message, converted) => (isFromOutside(message.origin) ? converted : signAgain(signer, converted, message.sender)),
  });
  const table = memoizedTable(config);
  const sites = createSiteFinder({ dns, clock, profiles: () => table().profiles });
  const settledListener = createSettledListener({ config, clock, log, store, signer, enqueue: (item) => queue.enqueue(item) });
  const queue: Queue = createQueue({
    store: store.queue,
    router: createSuppressingRouter({ router: createRouter({ config, directory, routes: store.routes, sites }), suppressions: store.suppressions, clock }),
    deliverers: { local: createNearDeliverer(ports), remote: createPreflightDeliverer(remote, { config, dns, clock, log, judgeContent: ports.judgeContent }) },
    feedback: createNotices(ports),
    shaper: ports.shaper,
    clock,
    log,
    config,
    onSettled: (job, settled) => {
      settledListener(job, settled);
      ports.onSettled?.(job, settled);
    },
    ...(ports.processorTimes ? { processorTimes: ports.processorTimes } : {}),
  });
  const checkRecipient = createRecipientChecker({ routes: store.routes, store: store.routes, probe: (relay, address, signal) => remote.probe(relay, address, signal), clock, log });
  return { queue, remote, checkRecipient, sites, tls, fetch: fetchDocument };
}

/** What ends on this machine: in our store, in a Maildir beside it, or with a part of this server that reads it. */
function createNearDeliverer(ports: OutboundPorts): Deliverer {
  const { config, clock, log, directory, service } = ports;
  const mailboxes = createLocalDeliverer({ directory, clock, log, room: ports.mailboxRoom, whenFull: () => config.mailbox?.whenFull ?? 'defer', filter: createLocalFilter(ports) });
  const maildirs = createMaildirDeliverer({ hostname: config.hostname, clock, log });
  const services = createServiceDeliverer({ service, clock, log });
  const of = ({ kind }: RoutePlan): Deliverer => (kind === 'maildir' ? maildirs : kind === 'service' ? services : mailboxes);
  return { deliver: (job, signal) => of(job.route).deliver(job, signal) };
}

/** Made anew when a reload brought other rows. */
function memoizedTable(config: Config): () => SiteTable {
  let rows = config.sites;
  let table = siteTable(rows ?? []);
  return () => {
    if (rows !== config.sites) {
      rows = config.sites;
      table = siteTable(rows ?? []);
    }
    return table;
  };
}
