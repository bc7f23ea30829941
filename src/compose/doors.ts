/**
 * The way in: what the SMTP listeners and the local doors need to take a message over. It touches the queue only through
 * `enqueue`, so that it can live in another thread than the queue.
 */
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_REPORTS } from '../config/reports-config.ts';
import type { Directory, Login, SigningKeys } from '../contract/directory.ts';
import type { MailboxRoom } from '../contract/mailbox-room.ts';
import type { CheckRecipient } from '../contract/recipient-check.ts';
import type { Dns } from '../contract/dns.ts';
import type { NewQueueItem } from '../contract/queue.ts';
import type { SendingBrake } from '../contract/sending-brake.ts';
import type { SmtpServerPorts } from '../flow/accept/options.ts';
import { createAuthenticator } from '../flow/authenticate/authenticator.ts';
import { createForwarder } from '../flow/forward/forwarder.ts';
import { createReturnPaths } from '../flow/forward/return-paths.ts';
import { createJudge } from '../flow/judge/judge.ts';
import { createArcSealer } from '../flow/sign/arc-sealer.ts';
import type { Signer } from '../flow/sign/signer.ts';
import { createClientName } from '../verify/iprev/client-name.ts';
import type { Store } from '../store/store.ts';
import { createBodyHasher } from '../verify/dkim/body-hasher.ts';
import { createIntake } from './intake.ts';
import { createNotices } from './notices.ts';
import { createReportReader } from './returned.ts';

export interface DoorsOptions {
  /** The live one: a reload changes what it says. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly dns: Dns;
  readonly directory: Directory;
  readonly signer: Signer;
  readonly signingKeys: SigningKeys;
  readonly mailboxRoom: MailboxRoom;
  readonly login: Login;
  readonly checkRecipient: CheckRecipient;
  readonly brake: SendingBrake;
  /** Durable when it resolves. */
  readonly enqueue: (item: NewQueueItem) => Promise<void>;
}

export function createDoors(options: DoorsOptions): SmtpServerPorts {
  const { config, clock, log, store, dns, directory, signer } = options;
  const forwarding = { directory, store: store.srs, config, clock };
  const intake = createIntake({
    config,
    clock,
    log,
    authenticator: createAuthenticator({ dns, config, clock, log }),
    judge: createJudge({ config }),
    signer,
    isLocalDomain: (domain) => directory.isLocalDomain(domain),
    forwarder: createForwarder(forwarding),
    sealer: createArcSealer({ keys: options.signingKeys, clock }),
    notices: createNotices(options),
    reports: createReportReader({ store, clock, log }),
    brake: options.brake,
    dmarcResults: { record: (outcome) => (config.reports ?? DEFAULT_REPORTS).dmarc && store.reportsOut.record(outcome) },
    enqueue: options.enqueue,
  });
  return {
    intake,
    directory,
    returnPaths: createReturnPaths(forwarding),
    checkRecipient: options.checkRecipient,
    mailboxRoom: options.mailboxRoom,
    login: options.login,
    clock,
    log,
    clientName: createClientName(dns, { clock }),
    hasDiskSpace: () => store.queue.hasSpace(),
    spoolDir: join(config.dataDir, 'incoming'),
    createBodyHasher: () => (signer.idle ? undefined : createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256' })),
  };
}
