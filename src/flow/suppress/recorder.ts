/**
 * Learns from what became of recipients which addresses are not to be written to any more.
 *
 * Policy: only faults of the recipient count, by the meaning of the reply and never by its code. A dead address goes on
 * the list at once, when its own RCPT was refused, or the message was and had no other recipient. A full or disabled
 * mailbox goes on it after SUPPRESSION_LIMITS.softFailures messages over softPeriodMs, for a while. Blocks of ourselves,
 * authentication, content and everything of the receiver never put anybody on it, nor what was said before the recipient was named. A delivery takes off what bounces did, and
 * so does the insight that a receiver refuses everybody alike.
 *
 * It runs behind the commit: what a crash loses here, the next bounce tells again.
 */
import type { Clock } from '../../base/clock.ts';
import { SUPPRESSION_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { DeliveryOutcome, QueueRecipient, RecipientState } from '../../contract/queue.ts';
import type { Suppression } from '../../contract/suppression.ts';
import type { Explanation } from '../../mail/reply-meaning/explain.ts';
import type { SuppressionStore } from '../../store/clients/suppressions.ts';

/** What became of one recipient. */
export interface SettledFacts {
  readonly messageId: string;
  readonly recipient: QueueRecipient;
  /** Recipients of the same transaction. */
  readonly recipients: number;
  readonly outcome: DeliveryOutcome;
  readonly state: RecipientState;
  /** Absent when delivered. */
  readonly explanation?: Explanation;
}

export interface RecorderOptions {
  readonly suppressions: Pick<SuppressionStore, 'add' | 'noteSoft' | 'noteDelivered'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface SuppressionRecorder {
  /** Never throws; the work goes on behind. */
  record(facts: readonly SettledFacts[]): void;
  /** Resolves when everything recorded so far is written. */
  settled(): Promise<void>;
}

export function createSuppressionRecorder(options: RecorderOptions): SuppressionRecorder {
  let work: Promise<void> = Promise.resolve();
  const later = (step: () => Promise<void>): void => {
    work = work.then(step).catch((error: unknown) => options.log.warn('suppression.failed', { error: String(error) }));
  };
  return {
    record(facts) {
      const delivered = facts.filter(({ state, outcome }) => state === 'delivered' && outcome.attempt.mx !== undefined);
      if (delivered.length > 0) later(() => lift(options, delivered.map(({ recipient }) => recipient.address), 'the address took a message'));
      for (const fact of facts) {
        const verdict = verdictOn(fact);
        if (verdict !== 'none') later(() => note(options, fact, verdict));
        const innocent = fact.explanation?.evidence?.innocent ?? [];
        if (innocent.length > 0) later(() => lift(options, innocent, 'it was refused as everybody was: the receiver means us'));
      }
    },
    settled: () => work,
  };
}

/** Pure: what one recipient's fate says about its address. */
export function verdictOn({ outcome, state, recipients, explanation }: SettledFacts): 'hard' | 'soft' | 'none' {
  const fromPeer = outcome.attempt.mx !== undefined && !outcome.attempt.ownReply;
  if (!explanation || !fromPeer || outcome.attempt.answeredMail || explanation.culprit !== 'recipient') return 'none';
  // Any other scope is about the message as a whole, of which this recipient was one of several.
  if (outcome.scope !== 'recipient' && recipients > 1) return 'none';
  if (state === 'bounced' && explanation.faultClass === 'hard-bounce' && outcome.reply.code >= 500) return 'hard';
  return (state === 'bounced' || state === 'expired') && explanation.faultClass === 'soft-bounce' ? 'soft' : 'none';
}

async function note({ suppressions, clock, log }: RecorderOptions, fact: SettledFacts, verdict: 'hard' | 'soft'): Promise<void> {
  const { address } = fact.recipient;
  const at = clock.now();
  const entry = entryFor(fact);
  if (verdict === 'hard') {
    const { added, changed } = await suppressions.add([{ ...entry, address, since: at }]);
    if (added + changed > 0) log.info('suppression.added', { id: fact.messageId, address, rule: entry.rule });
    return;
  }
  const suppression = { ...entry, expiresAt: at + SUPPRESSION_LIMITS.softSuppressionMs };
  const added = await suppressions.noteSoft({ address, messageId: fact.messageId, at, suppression });
  if (added) log.info('suppression.added', { id: fact.messageId, address, rule: entry.rule });
}

function entryFor({ outcome, explanation }: SettledFacts): Omit<Suppression, 'address' | 'since'> {
  const { code, enhanced, text } = outcome.reply;
  const reply = [String(code), enhanced, text.replace(/\s+/g, ' ').trim()].filter(Boolean).join(' ').slice(0, SUPPRESSION_LIMITS.replyCharsMax);
  return { source: 'bounce', reason: explanation?.meaning ?? '', reply, ...(explanation && { rule: explanation.rule }) };
}

async function lift({ suppressions, log }: RecorderOptions, addresses: readonly string[], reason: string): Promise<void> {
  for (const address of await suppressions.noteDelivered(addresses)) log.info('suppression.lifted', { address, reason });
}
