/** The clients of the storage thread, one per noun: the same in every thread that has a way to it. */
import type { Clock } from '../base/clock.ts';
import type { FolderFeed, MailSearch } from '../contract/mailbox.ts';
import type { StoreCall } from './call.ts';
import type { ChangeCounts } from './change-counts.ts';
import { createDnsPublishingStore } from './clients/dns-publishing.ts';
import type { DnsPublishingStore } from './clients/dns-publishing.ts';
import { createMailTestStore } from './clients/mail-tests.ts';
import type { MailTestStore } from './clients/mail-tests.ts';
import { createChoreStore } from './clients/chores.ts';
import { createIpListingStore } from './clients/ip-listings.ts';
import type { IpListingStore } from './clients/ip-listings.ts';
import type { ChoreStore } from './clients/chores.ts';
import { createDashboardStore } from './clients/dashboards.ts';
import type { DashboardStore } from './clients/dashboards.ts';
import { createDirectoryStore } from './clients/directory.ts';
import type { DirectoryStore } from './clients/directory.ts';
import { createRotationStore } from './clients/dkim-rotations.ts';
import type { RotationStore } from './clients/dkim-rotations.ts';
import { createExaminationStore, createGuardStore } from './clients/examinations.ts';
import type { ExaminationStore, GuardStore } from './clients/examinations.ts';
import { createImportStore } from './clients/imports.ts';
import type { ImportStore } from './clients/imports.ts';
import { createKeyStore } from './clients/keys.ts';
import type { KeyStore } from './clients/keys.ts';
import { createLoginStore } from './clients/logins.ts';
import type { LoginStore } from './clients/logins.ts';
import { createMailboxPorts } from './clients/mailbox-ports.ts';
import type { StoredMailbox } from './clients/mailbox-ports.ts';
import { createMailboxStore } from './clients/mailboxes.ts';
import { NewMails } from './clients/new-mails.ts';
import { createLaneStore } from './clients/lanes.ts';
import type { LaneStore } from './clients/lanes.ts';
import type { MailboxStore } from './clients/mailboxes.ts';
import { createPlacementStore } from './clients/placement.ts';
import type { PlacementStore } from './clients/placement.ts';
import { createQueueAdmin } from './clients/queue-admin.ts';
import type { QueueAdmin } from './clients/queue-admin.ts';
import { QueueClient } from './clients/queue.ts';
import { createReportsOutStore } from './clients/reports-out.ts';
import type { ReportsOutStore } from './clients/reports-out.ts';
import { createReportStore } from './clients/reports.ts';
import type { ReportStore } from './clients/reports.ts';
import { createRetentionStore } from './clients/retention.ts';
import type { RetentionStore } from './clients/retention.ts';
import { createRouteStore } from './clients/routes.ts';
import type { RouteStore } from './clients/routes.ts';
import { createScriptStore } from './clients/scripts.ts';
import type { ScriptStore } from './clients/scripts.ts';
import { createSendingDayStore } from './clients/sending-days.ts';
import type { SendingDayStore } from './clients/sending-days.ts';
import { createSrsStore } from './clients/srs.ts';
import type { SrsStore } from './clients/srs.ts';
import { createStsPolicyStore } from './clients/sts-policies.ts';
import type { StsPolicyStore } from './clients/sts-policies.ts';
import { createStsPublicationStore } from './clients/sts-publications.ts';
import type { StsPublicationStore } from './clients/sts-publications.ts';
import { createSuppressionStore } from './clients/suppressions.ts';
import type { SuppressionStore } from './clients/suppressions.ts';
import { createTimeline } from './clients/timeline.ts';
import type { Timeline } from './clients/timeline.ts';
import { createUsageStore } from './clients/usage.ts';
import type { UsageStore } from './clients/usage.ts';
import { createTlsResultStore } from './clients/tls-results.ts';
import type { TlsResultStore } from './clients/tls-results.ts';
import type { SpaceReserve } from './free-space.ts';

export interface StoreClients {
  readonly dataDir: string;
  /** Any operation by name; the clients below are made of it. */
  readonly call: StoreCall;
  readonly queue: QueueClient;
  readonly queueAdmin: QueueAdmin;
  readonly timeline: Timeline;
  readonly directory: DirectoryStore;
  /** What providers tell about our mail. */
  readonly dashboards: DashboardStore;
  /** When the server last did what it does now and then. */
  readonly chores: ChoreStore;
  readonly ipListings: IpListingStore;
  /** Reports of the mail-tester's address. */
  readonly mailTests: MailTestStore;
  readonly dnsPublishing: DnsPublishingStore;
  /** What the doctor found. */
  readonly examinations: ExaminationStore;
  /** What the guard remembers and has to tell. */
  readonly guard: GuardStore;
  /** App passwords, second factors, audit. */
  readonly logins: LoginStore;
  readonly keys: KeyStore;
  /** Changes from one DKIM key to the next. */
  readonly dkimRotations: RotationStore;
  /** What mail programs work on. */
  readonly mailbox: StoredMailbox;
  /** The same by names, for commands. */
  readonly mailboxes: MailboxStore;
  /** Mail from elsewhere. */
  readonly imports: ImportStore;
  /** How inbound mail fared under the DMARC policies of others, and what they were told. */
  readonly reportsOut: ReportsOutStore;
  /** What others report about our mail. */
  readonly reports: ReportStore;
  /** Mail that was thrown away: brought back, and forgotten. */
  readonly retention: RetentionStore;
  readonly lanes: LaneStore;
  /** Seed accounts at providers, and where mail was found in them. */
  readonly placement: PlacementStore;
  readonly routes: RouteStore;
  /** Sieve scripts. */
  readonly scripts: ScriptStore;
  /** Outgoing mail counted by day. */
  readonly sendingDays: SendingDayStore;
  /** Secrets of sender rewriting. */
  readonly srs: SrsStore;
  /** MTA-STS policies of other domains. */
  readonly stsPolicies: StsPolicyStore;
  /** Those of our own domains. */
  readonly stsPublications: StsPublicationStore;
  /** TLS sessions with other servers, for reports. */
  readonly tlsResults: TlsResultStore;
  /** Addresses that are not written to. */
  readonly suppressions: SuppressionStore;
  /** What accounts send and may send. */
  readonly usage: UsageStore;
}

export interface StoreClientsOptions {
  readonly call: StoreCall;
  readonly feed: FolderFeed;
  readonly search: MailSearch;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly reserve: SpaceReserve;
  readonly changes: ChangeCounts;
  /** Of contents that may be wanted again soon; default QUEUE_LIMITS.contentCacheBytesMax. */
  readonly contentCacheBytes?: number;
}

export function createStoreClients({ call, feed, search, dataDir, clock, reserve, changes, contentCacheBytes }: StoreClientsOptions): StoreClients {
  const queue = new QueueClient({ call, dataDir, clock, reserve, ...(contentCacheBytes === undefined ? {} : { contentCacheBytes }) });
  const mailbox = createMailboxPorts({ call, dataDir, clock, reserve, feed, search, changes });
  return {
    dataDir,
    call,
    queue,
    queueAdmin: createQueueAdmin(call, clock),
    timeline: createTimeline(call),
    dashboards: createDashboardStore(call),
    directory: createDirectoryStore(call, changes.directory),
    chores: createChoreStore(call),
    ipListings: createIpListingStore(call),
    mailTests: createMailTestStore(call),
    dnsPublishing: createDnsPublishingStore(call),
    examinations: createExaminationStore(call),
    guard: createGuardStore(call),
    logins: createLoginStore(call, changes.directory),
    keys: createKeyStore(call, dataDir, changes.keys),
    dkimRotations: createRotationStore(call, changes.keys),
    mailbox,
    mailboxes: createMailboxStore(call, mailbox),
    reportsOut: createReportsOutStore(call, clock),
    reports: createReportStore(call),
    retention: createRetentionStore(call, clock),
    imports: createImportStore(call, clock, new NewMails({ dataDir, reserve })),
    lanes: createLaneStore(call),
    placement: createPlacementStore(call),
    routes: createRouteStore(call, dataDir, changes.routes),
    scripts: createScriptStore(call, changes.scripts),
    sendingDays: createSendingDayStore(call, clock),
    srs: createSrsStore(call, changes.srs),
    stsPolicies: createStsPolicyStore(call),
    stsPublications: createStsPublicationStore(call),
    tlsResults: createTlsResultStore(call, clock),
    suppressions: createSuppressionStore(call, changes.suppressions),
    usage: createUsageStore(call),
  };
}
