/**
 * From the outcomes of one job to what is written: each recipient's new state, its event, its log line, and the finals
 * that feedback is asked about. Pure; the one place where an outcome becomes a fate.
 *
 *   outcome                       what the reply means              fate
 *   delivered                                                       delivered
 *   deferred, with a reason to hold                                 held
 *   deferred                      the source is blocked             queued, an hour or more; expired when its time is over
 *   deferred                      anything else                     queued, by the schedule or the wait that the reply names; expired
 *   failed                        the source is blocked, sends too  as `queue.on-block` says: queued as above (default),
 *                                 much, or is greylisted            held, or bounced
 *   failed                        nobody, and so were others        as a block (flow/shape/refused-alike.ts)
 *   failed                        nobody knows whom, for a while    queued: asked again a few times; with on-block = bounce, bounced
 *   failed                        the recipient, the message, its   bounced
 *                                 content, authentication, policy
 *
 * The meaning decides, never the reply's text or code alone: a block that comes as 550 is no fault of the recipient.
 */
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields } from '../../mail/log-events.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type {
  DeliveryOutcome, FinalOutcome, MailboxDeposit, MessageEvent, QueueMessage, QueueRecipient, RoutePlan, Settlement,
} from '../../contract/queue.ts';
import { attemptContext, explainReply } from '../../mail/reply-meaning/explain.ts';
import type { Evidence } from '../../mail/reply-meaning/evidence.ts';
import { IN_DOUBT } from '../../mail/reply-meaning/our-side.ts';
import type { Culprit, Explanation } from '../../mail/reply-meaning/explain.ts';
import { blockReason, deferralReason, expiryReason, failureReason, replyInOneLine, unclearReason } from './reason.ts';
import { decideRetry } from './retry.ts';
import type { RetryPolicy } from './retry.ts';

export interface SettlementPolicy extends RetryPolicy {
  /** What becomes of a message whose source is refused with 5xx. Default `requeue`. */
  readonly onBlock?: 'requeue' | 'hold' | 'bounce';
}

export interface SettlementInput {
  readonly message: QueueMessage;
  readonly recipient: QueueRecipient;
  readonly outcome: DeliveryOutcome;
  readonly policy: SettlementPolicy;
  /** What the reply means; default: asked of mail/reply-meaning. */
  readonly explanation?: Explanation;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
}

export interface SettledRecipient {
  readonly settlement: Settlement;
  readonly event: MessageEvent;
  readonly final?: FinalOutcome;
  readonly deposit?: MailboxDeposit;
  /** What the reply means; absent when delivered. */
  readonly explanation?: Explanation;
  readonly outcome: DeliveryOutcome;
}

type Explained = SettlementInput & { readonly explanation: Explanation };

export function settleOutcome(input: SettlementInput): SettledRecipient {
  return { ...fateOf(input), outcome: input.outcome };
}

type Fate = Omit<SettledRecipient, 'outcome'>;

function fateOf(input: SettlementInput): Fate {
  const { outcome, policy } = input;
  if (outcome.status === 'delivered') return delivered(input);
  const explained: Explained = { ...input, explanation: input.explanation ?? explainReply(outcome.reply, attemptContext(outcome.attempt)) };
  if (outcome.status === 'failed') {
    if (askAgainMs(explained) !== undefined && policy.onBlock !== 'bounce') return deferredOrExpired(explained);
    const onBlock = isSourceRefused(explained) ? (policy.onBlock ?? 'requeue') : 'bounce';
    if (onBlock === 'bounce') return bounced(explained);
    if (onBlock === 'requeue') return deferredOrExpired(explained);
    return held(explained, `${blockReason(outcome, explained.explanation, input.message).replace(/\.$/, '')}. It is held until released: posthorn queue release ${input.message.id}`);
  }
  return outcome.hold === undefined ? deferredOrExpired(explained) : held(explained, outcome.hold);
}

/** Those whose trouble with too much mail is not about us. */
const NOT_THE_SOURCE: ReadonlySet<Culprit> = new Set(['recipient', 'message', 'content', 'ours']);

/** A peer's permanent refusal that is about who sends or how much, and that would meet every other message as well. */
function isSourceRefused({ outcome, explanation }: Explained): boolean {
  if (outcome.attempt.ownReply || outcome.attempt.mx === undefined) return false;
  const { faultClass, culprit } = explanation;
  return faultClass === 'block' || (faultClass === 'rate' && !NOT_THE_SOURCE.has(culprit)) || faultClass === 'greylist';
}

/** Its words do not tell whom it means: after so long it is asked once more. */
function askAgainMs({ explanation }: Explained): number | undefined {
  return explanation.evidence?.askAgainMs;
}

function delivered({ recipient, outcome, now }: SettlementInput): Fate {
  const { reply, attempt } = outcome;
  return {
    settlement: { recipient: recipient.index, state: 'delivered', attempts: recipient.attempts + 1, nextAttemptAt: now, lastReply: reply },
    event: { at: now, name: MESSAGE_EVENTS.delivered, recipient: recipient.index, data: { ...attempt, reply } },
    final: { recipient, state: 'delivered', reply, attempt },
    ...(outcome.deposit ? { deposit: outcome.deposit } : {}),
  };
}

function bounced({ recipient, outcome, explanation, now }: Explained): Fate {
  const { reply, attempt, scope } = outcome;
  const settlement: Settlement = {
    recipient: recipient.index, state: 'bounced', attempts: recipient.attempts + 1, nextAttemptAt: now, lastReply: reply,
    reason: failureReason(outcome), ...attribution(explanation),
  };
  return {
    settlement,
    explanation,
    event: { at: now, name: MESSAGE_EVENTS.bounced, recipient: recipient.index, data: { ...attempt, reply, scope, ...concluded(explanation) } },
    final: { recipient: { ...recipient, ...stored(settlement) }, state: 'bounced', reply, attempt },
  };
}

function held({ recipient, outcome, explanation, now }: Explained, reason: string): Fate {
  const { reply, attempt, scope } = outcome;
  return {
    settlement: {
      recipient: recipient.index, state: 'held', attempts: recipient.attempts + 1, nextAttemptAt: now, lastReply: reply, reason, ...attribution(explanation),
    },
    event: { at: now, name: MESSAGE_EVENTS.held, recipient: recipient.index, data: { ...attempt, reply, scope, by: 'server', reason, ...concluded(explanation) } },
    explanation,
  };
}

function deferredOrExpired(input: Explained): Fate {
  const { message, recipient, outcome, explanation, now } = input;
  const { reply, attempt, scope } = outcome;
  const attempts = recipient.attempts + 1;
  const unclearMs = askAgainMs(input);
  const blocked = unclearMs === undefined && (explanation.faultClass === 'block' || outcome.status === 'failed');
  const retryAfterMs = unclearMs ?? explanation.retryAfterMs;
  const inDoubtAgain = IN_DOUBT.has(explanation.rule) && IN_DOUBT.has(recipient.rule ?? '');
  const decision = decideRetry(input.policy, attempts, now, message.expiresAt, input.random, { blocked, inDoubtAgain, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  const common = { recipient: recipient.index, attempts, lastReply: reply, ...attribution(explanation) };
  const reason = unclearMs !== undefined ? unclearReason(outcome) : blocked ? blockReason(outcome, explanation, message) : deferralReason(outcome, explanation, message);
  if (decision.kind === 'retry') {
    const { nextAttemptAt } = decision;
    return {
      settlement: { ...common, state: 'queued', nextAttemptAt, reason },
      event: { at: now, name: MESSAGE_EVENTS.deferred, recipient: recipient.index, data: { ...attempt, reply, scope, nextAttemptAt, attempts, ...concluded(explanation) } },
      explanation,
    };
  }
  const ageMs = now - message.queuedAt;
  const settlement: Settlement = { ...common, state: 'expired', nextAttemptAt: now, reason: expiryReason(reason, ageMs) };
  return {
    settlement,
    event: { at: now, name: MESSAGE_EVENTS.expired, recipient: recipient.index, data: { ...attempt, reply, scope, ageMs, ...concluded(explanation) } },
    final: { recipient: { ...recipient, ...stored(settlement) }, state: 'expired', reply, attempt },
    explanation,
  };
}

/** Nobody could tell it from the reply again. */
function concluded({ evidence }: Explanation): { readonly evidence?: Pick<Evidence, 'culprit' | 'text'> } {
  return evidence ? { evidence: { culprit: evidence.culprit, text: evidence.text } } : {};
}

function attribution({ rule, culprit }: Explanation): Pick<Settlement, 'rule' | 'culprit'> {
  return { rule, culprit };
}

/** The recipient's row after a settlement. */
export function stored({ state, attempts, nextAttemptAt, lastReply, reason, rule, culprit }: Settlement): Partial<QueueRecipient> {
  return {
    state, attempts, nextAttemptAt, ...(lastReply ? { lastReply } : {}), ...(reason === undefined ? {} : { reason }),
    ...(rule === undefined ? {} : { rule }), ...(culprit === undefined ? {} : { culprit }),
  };
}

const LOG_STATUS = { delivered: 'sent', bounced: 'bounced', expired: 'expired', queued: 'deferred', held: 'deferred', deleted: 'bounced' } as const;
const DEFAULT_ENHANCED = { sent: '2.0.0', deferred: '4.0.0', bounced: '5.0.0', expired: '4.4.7' } as const;

export function outcomeLogFields(
  message: QueueMessage, recipient: QueueRecipient, outcome: DeliveryOutcome, settlement: Settlement, route: RoutePlan, leasedAt: number,
): LogEventFields[typeof LOG_EVENTS.deliveryOutcome] {
  const { attempt } = outcome;
  const status = LOG_STATUS[settlement.state];
  return {
    id: message.id,
    to: recipient.address,
    ...(recipient.originalRecipient ? { originalTo: recipient.originalRecipient.replace(/^[^;]*;/, '') } : {}),
    ...(attempt.mx ? { relay: attempt.mx } : {}),
    ...(attempt.address ? { relayAddress: attempt.address } : {}),
    ...(attempt.port ? { port: attempt.port } : {}),
    delays: attempt.delays ?? { a: message.queuedAt - message.startedAt, b: leasedAt - message.queuedAt, c: 0, d: 0 },
    dsn: outcome.reply.enhanced ?? DEFAULT_ENHANCED[status],
    status,
    reply: replyInOneLine(outcome.reply),
    transport: route.kind === 'local' || route.kind === 'maildir' || route.kind === 'service' ? 'local' : route.kind === 'undeliverable' ? 'error' : 'smtp',
  };
}
