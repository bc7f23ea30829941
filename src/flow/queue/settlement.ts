/**
 * From the outcomes of one job to what is written: each recipient's new state, its event, its log line, and the finals
 * that feedback is asked about. Pure; the one place where an outcome becomes a fate.
 */
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields } from '../../mail/log-events.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type {
  DeliveryOutcome, FinalOutcome, MailboxDeposit, MessageEvent, QueueMessage, QueueRecipient, RoutePlan, Settlement,
} from '../../contract/queue.ts';
import { deferralReason, expiryReason, failureReason, replyInOneLine } from './reason.ts';
import { decideRetry } from './retry.ts';
import type { RetryPolicy } from './retry.ts';

export interface SettlementInput {
  readonly message: QueueMessage;
  readonly recipient: QueueRecipient;
  readonly outcome: DeliveryOutcome;
  readonly policy: RetryPolicy;
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
}

export function settleOutcome(input: SettlementInput): SettledRecipient {
  switch (input.outcome.status) {
    case 'delivered':
      return delivered(input);
    case 'failed':
      return bounced(input);
    case 'deferred':
      return deferredOrExpired(input);
  }
}

function delivered({ recipient, outcome, now }: SettlementInput): SettledRecipient {
  const { reply, attempt } = outcome;
  return {
    settlement: { recipient: recipient.index, state: 'delivered', attempts: recipient.attempts + 1, nextAttemptAt: now, lastReply: reply },
    event: { at: now, name: MESSAGE_EVENTS.delivered, recipient: recipient.index, data: { ...attempt, reply } },
    final: { recipient, state: 'delivered', reply, attempt },
    ...(outcome.deposit ? { deposit: outcome.deposit } : {}),
  };
}

function bounced({ recipient, outcome, now }: SettlementInput): SettledRecipient {
  const { reply, attempt, scope } = outcome;
  const settlement: Settlement = {
    recipient: recipient.index, state: 'bounced', attempts: recipient.attempts + 1, nextAttemptAt: now, lastReply: reply,
    reason: failureReason(outcome),
  };
  return {
    settlement,
    event: { at: now, name: MESSAGE_EVENTS.bounced, recipient: recipient.index, data: { ...attempt, reply, scope } },
    final: { recipient: { ...recipient, ...stored(settlement) }, state: 'bounced', reply, attempt },
  };
}

function deferredOrExpired(input: SettlementInput): SettledRecipient {
  const { message, recipient, outcome, now } = input;
  const { reply, attempt, scope } = outcome;
  const attempts = recipient.attempts + 1;
  const decision = decideRetry(input.policy, attempts, now, message.expiresAt, input.random);
  const common = { recipient: recipient.index, attempts, lastReply: reply };
  if (decision.kind === 'retry') {
    const { nextAttemptAt } = decision;
    return {
      settlement: { ...common, state: 'queued', nextAttemptAt, reason: deferralReason(outcome) },
      event: { at: now, name: MESSAGE_EVENTS.deferred, recipient: recipient.index, data: { ...attempt, reply, scope, nextAttemptAt, attempts } },
    };
  }
  const ageMs = now - message.queuedAt;
  const settlement: Settlement = { ...common, state: 'expired', nextAttemptAt: now, reason: expiryReason(outcome, ageMs) };
  return {
    settlement,
    event: { at: now, name: MESSAGE_EVENTS.expired, recipient: recipient.index, data: { ...attempt, reply, scope, ageMs } },
    final: { recipient: { ...recipient, ...stored(settlement) }, state: 'expired', reply, attempt },
  };
}

/** The recipient's row after a settlement. */
export function stored({ state, attempts, nextAttemptAt, lastReply, reason }: Settlement): Partial<QueueRecipient> {
  return { state, attempts, nextAttemptAt, ...(lastReply ? { lastReply } : {}), ...(reason === undefined ? {} : { reason }) };
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
    transport: route.kind === 'local' ? 'local' : route.kind === 'undeliverable' ? 'error' : 'smtp',
  };
}
