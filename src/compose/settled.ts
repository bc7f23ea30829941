/**
 * What learns from the fate of recipients, behind the commit: the list of addresses not to be written to, and the notice
 * to the administrator when a receiver refuses this server.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { createQueueId } from '../base/queue-id.ts';
import type { Config } from '../config/config.ts';
import type { NewQueueItem } from '../contract/queue.ts';
import type { LaneKey } from '../contract/sending.ts';
import { createSourceNotices } from '../flow/feedback/source-notice.ts';
import type { QueueOptions } from '../flow/queue/queue.ts';
import type { Signer } from '../flow/sign/signer.ts';
import { fallbackOf } from '../flow/shape/admission.ts';
import { createSuppressionRecorder } from '../flow/suppress/recorder.ts';
import type { Store } from '../store/store.ts';
import { signNotice } from './notices.ts';

export interface SettledPorts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly signer: Signer;
  readonly enqueue: (item: NewQueueItem) => Promise<void>;
}

type Listener = NonNullable<QueueOptions['onSettled']>;
type Job = Parameters<Listener>[0];
type Settled = Parameters<Listener>[1][number];

export function createSettledListener({ config, clock, log, store, signer, enqueue }: SettledPorts): Listener {
  const recorder = createSuppressionRecorder({ suppressions: store.suppressions, clock, log });
  const notices = createSourceNotices({
    hostname: config.hostname,
    to: () => config.queue.notify ?? `postmaster@${config.hostname}`,
    wayRound: (site) => {
      const fallback = fallbackOf(config, site);
      return fallback && `${fallback.host}:${fallback.port}`;
    },
    lifetimeMs: config.queue.bounceLifetimeMs,
    clock,
    log,
    queueId: createQueueId,
    sign: (content) => signNotice(signer, config.hostname, content),
    enqueue,
  });
  return (job, settled) => {
    if (job.route.kind === 'local' || job.route.kind === 'service' || job.route.kind === 'undeliverable') return;
    recorder.record(settled.map((each) => factsOf(job, each)));
    const block = settled.find((each) => each.explanation?.faultClass === 'block' && each.outcome.attempt.mx !== undefined && !each.outcome.attempt.ownReply);
    if (block?.explanation && job.message.origin.kind !== 'internal') {
      const { outcome, explanation } = block;
      void notices.blocked({ lane: laneOf(job, block), mx: outcome.attempt.mx ?? '', reply: outcome.reply, explanation, messageId: job.message.id });
    }
  };
}

function factsOf(job: Job, { settlement, outcome, explanation }: Settled) {
  const recipient = job.recipients.find(({ index }) => index === settlement.recipient) as Job['recipients'][number];
  return { messageId: job.message.id, recipient, recipients: job.recipients.length, outcome, state: settlement.state, ...(explanation && { explanation }) };
}

/** As the shaper named it; without one, what can be seen of it. */
function laneOf(job: Job, { outcome }: Settled): LaneKey {
  const site = 'site' in job.route && job.route.site ? job.route.site.key : job.route.key;
  return job.permit?.lane ?? { source: outcome.attempt.localAddress ?? '', site, dkimDomain: job.message.dkimDomain ?? '' };
}
