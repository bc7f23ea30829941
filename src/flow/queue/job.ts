/**
 * Carries one delivery job to its commit: deliver, make sure that every recipient has exactly one outcome, ask feedback
 * about the finals, settle. Whatever goes wrong on our side is temporary for the message.
 *
 * An outcome is never thrown away because the disk is full: a message that was delivered would be delivered again. It
 * is kept and the commit tried again until it succeeds or the queue stops.
 */
import { sleep } from '../../base/clock.ts';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { Failure } from '../../base/errors.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type {
  Deliverer, DeliveryJob, DeliveryOutcome, Feedback, FeedbackItem, NewQueueItem, QueueStore, RoutePlan, SettleResult,
} from '../../contract/queue.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { Explanation } from '../../mail/reply-meaning/explain.ts';
import type { CommitHealth } from './commit-health.ts';
import { outcomeLogFields, settleOutcome } from './settlement.ts';
import type { SettledRecipient, SettlementPolicy } from './settlement.ts';
import { siteOf } from './take-up.ts';

export interface JobPorts {
  readonly store: Pick<QueueStore, 'settle'>;
  readonly deliverers: { readonly local: Deliverer; readonly remote: Deliverer };
  readonly feedback: Feedback;
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: SettlementPolicy;
  readonly health: CommitHealth;
  /** In [0, 1). */
  readonly random: () => number;
  /** What is known already about the meaning of outcomes; the others are explained when they are settled. */
  readonly explanations?: ReadonlyMap<DeliveryOutcome, Explanation | undefined>;
  /** Told what became of each recipient, after the commit: suppression and notices to the administrator learn from it. */
  readonly onSettled?: (job: DeliveryJob, settled: readonly SettledRecipient[]) => void;
}

export interface JobResult extends SettleResult {
  readonly settled: readonly SettledRecipient[];
  /** Committed together with the settlements; to be put on the due-index. */
  readonly followUps: readonly NewQueueItem[];
}

/** Exactly one outcome for each recipient, in their order. */
export async function deliverJob(ports: Pick<JobPorts, 'deliverers' | 'clock' | 'log'>, job: DeliveryJob, signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
  if (job.route.kind === 'undeliverable') {
    const { reply } = job.route;
    const verdict = reply.code >= 500 ? ({ status: 'failed', scope: 'recipient' } as const) : ({ status: 'deferred', scope: 'local' } as const);
    return job.recipients.map(({ index }) => ({ recipient: index, ...verdict, reply, attempt: {} }));
  }
  const deliverer = job.route.kind === 'mx' || job.route.kind === 'smarthost' ? ports.deliverers.remote : ports.deliverers.local;
  try {
    const outcomes = await deliverInTime(ports.clock, deliverer, job, signal);
    const byRecipient = new Map(outcomes.map((outcome) => [outcome.recipient, outcome]));
    return job.recipients.map(({ index }) => byRecipient.get(index) ?? localTrouble(index, 'the delivery ended without an outcome'));
  } catch (error) {
    ports.log.error('queue.deliverer-failed', { id: job.message.id, route: job.route.key, error: String(error) });
    const text = error instanceof Failure ? error.message : 'internal error, logged';
    return job.recipients.map(({ index }) => localTrouble(index, text));
  }
}

/**
 * A delivery past its deadline is told to stop and may still report; its place at the destination is not given to another
 * before it has ended or had its time for that.
 */
async function deliverInTime(clock: Clock, deliverer: Deliverer, job: DeliveryJob, signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
  const own = new AbortController();
  const passOn = (): void => own.abort(signal.reason);
  signal.addEventListener('abort', passOn, { once: true });
  if (signal.aborted) passOn();
  try {
    const work = deliverer.deliver(job, own.signal);
    return await withDeadline(clock, QUEUE_LIMITS.deliveryTimeoutMs, 'the delivery', work).catch((error: unknown) => {
      own.abort(error);
      return withDeadline(clock, QUEUE_LIMITS.abortGraceMs, 'the delivery', work);
    });
  } finally {
    signal.removeEventListener('abort', passOn);
  }
}

/** RFC 3463 §3.4, X.3.0: other or undefined mail system status. */
export function localTrouble(recipient: number, text: string): DeliveryOutcome {
  return { recipient, status: 'deferred', scope: 'local', reply: { code: 451, enhanced: '4.3.0', text }, attempt: {} };
}

/** Undefined: the commit could not be made; the recipients are in the store as they were before the attempt. */
export async function settleJob(
  ports: JobPorts, job: DeliveryJob, first: readonly DeliveryOutcome[], signal: AbortSignal,
): Promise<JobResult | undefined> {
  const { health } = ports;
  const commitsBefore = health.commits;
  let outcomes = first;
  let done: (() => void) | undefined;
  for (let tries = 1; ; tries++) {
    try {
      const result = await commitOutcomes(ports, job, outcomes);
      health.committed();
      done?.();
      return result;
    } catch (error) {
      const code = error instanceof Failure ? error.code : 'bug';
      ports.log.error('queue.settle-failed', { id: job.message.id, code, error: String(error), tries });
      if (!code.startsWith('store-') && outcomes.some(hasDeposit)) {
        outcomes = outcomes.map((outcome) => (hasDeposit(outcome) ? depositTrouble(outcome, error) : outcome));
        continue;
      }
      if (code.startsWith('store-')) {
        if (done) health.failed();
        else done = health.refused();
      }
      // The fault is its own when the store takes what came of others: to see that, they must go on.
      if (tries === QUEUE_LIMITS.settleTriesMax) done?.();
      const isOwn = !code.startsWith('store-') || (code !== 'store-full' && health.commits > commitsBefore);
      if (tries >= QUEUE_LIMITS.settleTriesMax && isOwn) return void done?.();
    }
    if (!(await nap(ports.clock, tries, signal))) return void done?.();
  }
}

function hasDeposit({ deposit, effects }: DeliveryOutcome): boolean {
  return deposit !== undefined || (effects?.deposits.length ?? 0) > 0;
}

/** What cannot be put into the mailbox waits; the others of the same job must not wait with it. */
function depositTrouble(outcome: DeliveryOutcome, error: unknown): DeliveryOutcome {
  const text = error instanceof Failure ? error.message : 'the mailbox could not take the message';
  return { ...localTrouble(outcome.recipient, text), attempt: outcome.attempt };
}

/** False when the queue stops meanwhile. */
async function nap(clock: Clock, tries: number, signal: AbortSignal): Promise<boolean> {
  const waits = QUEUE_LIMITS.settleRetryMs;
  try {
    await sleep(clock, waits[Math.min(tries, waits.length) - 1] as number, signal);
    return true;
  } catch {
    return false;
  }
}

async function commitOutcomes(ports: JobPorts, job: DeliveryJob, outcomes: readonly DeliveryOutcome[]): Promise<JobResult> {
  const decided = decide(ports, job, outcomes);
  const answer = await askFeedback(ports, job, decided);
  const final = answer ? decided : postpone(ports, job, outcomes);
  const items = answer ?? [];
  const effects = final.flatMap(({ outcome }) => (outcome.effects && outcome.status !== 'deferred' ? [outcome.effects] : []));
  const followUps = [...items.flatMap((item) => (item.enqueue ? [item.enqueue] : [])), ...effects.flatMap(({ enqueue }) => enqueue)];
  const result = await ports.store.settle(
    job.message.id,
    final.map(({ settlement }) => settlement),
    [...final.flatMap(({ deposit }) => (deposit ? [deposit] : [])), ...effects.flatMap(({ deposits }) => deposits)],
    followUps,
    [...effects.flatMap(({ events }) => events), ...final.map(({ event }) => event), ...items.map(({ event }) => event)],
    false,
    effects.flatMap(({ remember }) => remember),
  );
  logOutcomes(ports.log, job, outcomes, final);
  ports.onSettled?.(job, final);
  if (result.finished) ports.log.info(LOG_EVENTS.queueRemoved, { id: job.message.id });
  return { ...result, settled: final, followUps: result.superseded ? [] : followUps };
}

function decide(ports: JobPorts, job: DeliveryJob, outcomes: readonly DeliveryOutcome[]): readonly SettledRecipient[] {
  const now = ports.clock.now();
  return outcomes.map((outcome, at) => {
    const recipient = job.recipients[at] as DeliveryJob['recipients'][number];
    const explanation = ports.explanations?.get(outcome);
    const settled = settleOutcome({ message: job.message, recipient, outcome, policy: ports.policy, now, random: ports.random(), ...(explanation && { explanation }) });
    return { ...settled, settlement: { ...settled.settlement, ...siteOfRoute(job.route) } };
  });
}

function siteOfRoute(route: RoutePlan): { readonly site?: string } {
  if (route.kind === 'undeliverable') return {};
  if (route.kind === 'service') return { site: route.key };
  return { site: route.kind === 'local' || route.kind === 'maildir' ? route.kind : siteOf(route).key };
}

/** Undefined: feedback failed, nobody knows whether a bounce is due. */
async function askFeedback(ports: JobPorts, job: DeliveryJob, settled: readonly SettledRecipient[]): Promise<readonly FeedbackItem[] | undefined> {
  const finals = settled.flatMap(({ final }) => (final ? [final] : []));
  // RFC 3461 §4.1: a success is only reported to who asked.
  const worthTelling = finals.some((final) => final.state !== 'delivered' || final.recipient.notify?.includes('success'));
  if (!worthTelling) return [];
  try {
    return await ports.feedback.followUps(job.message, job.content, finals);
  } catch (error) {
    ports.log.error('queue.feedback-failed', { id: job.message.id, error: String(error) });
    return undefined;
  }
}

/** Without its bounce a failure must not become final: all that was not delivered comes again, expired or not. */
function postpone(ports: JobPorts, job: DeliveryJob, outcomes: readonly DeliveryOutcome[]): readonly SettledRecipient[] {
  const unending = { ...job, message: { ...job.message, expiresAt: Number.POSITIVE_INFINITY } };
  return decide(ports, unending, outcomes.map((outcome) => (outcome.status === 'delivered' ? outcome : { ...outcome, status: 'deferred' })));
}

function logOutcomes(log: Log, job: DeliveryJob, outcomes: readonly DeliveryOutcome[], settled: readonly SettledRecipient[]): void {
  for (const [at, { settlement }] of settled.entries()) {
    const recipient = job.recipients[at] as DeliveryJob['recipients'][number];
    const outcome = outcomes[at] as DeliveryOutcome;
    log.info(LOG_EVENTS.deliveryOutcome, outcomeLogFields(job.message, recipient, outcome, settlement, job.route, job.leasedAt));
  }
}
