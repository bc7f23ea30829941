/**
 * A router that does not let mail go to addresses that are known not to exist or not to want it: it is refused at once,
 * with the words that put the address on the list, so that no receiver counts us among those who do not listen.
 *
 * Policy: only mail of our own users and programs to other servers; what strangers send through an alias is theirs to
 * learn from. A person's single letter (submission, one recipient, no mailing) is let through once a day in spite of a
 * bounce: mailboxes come back, and the answer of today is worth more than that of last year. An order, a complaint or an
 * import stands until it is removed.
 */
import { isFromOutside } from '../../contract/message.ts';
import type { Clock } from '../../base/clock.ts';
import { SUPPRESSION_LIMITS } from '../../base/limits.ts';
import type { QueueMessage, QueueRecipient, RoutePlan, Router } from '../../contract/queue.ts';
import type { Suppression, SuppressionLookup } from '../../contract/suppression.ts';

export interface SuppressingRouterOptions {
  readonly router: Router;
  readonly suppressions: SuppressionLookup;
  readonly clock: Clock;
}

/** Rejects (temporary Failure) when the router or the list does. */
export function createSuppressingRouter({ router, suppressions, clock }: SuppressingRouterOptions): Router {
  return {
    async route(message, recipient, recipients) {
      const plan = await router.route(message, recipient, recipients);
      if (plan.kind === 'local' || plan.kind === 'service' || plan.kind === 'undeliverable' || isFromOutside(message.origin)) return plan;
      const now = clock.now();
      const found = await suppressions.find(recipient.address, now);
      if (!found || (found.stream !== undefined && found.stream !== message.stream) || wasLetThrough(found, message, recipient)) return plan;
      if (!deservesAttempt(found, message, recipients, now)) return refusal(found);
      await suppressions.noteTried(recipient.address, now);
      return plan;
    },
  };
}

/** It is on its way, only deferred: the day's attempt is this one. */
function wasLetThrough({ triedAt }: Suppression, message: QueueMessage, recipient: QueueRecipient): boolean {
  return recipient.attempts > 0 && triedAt !== undefined && triedAt >= message.queuedAt;
}

function deservesAttempt({ source, since, triedAt }: Suppression, message: QueueMessage, recipients: number | undefined, now: number): boolean {
  const personal = message.origin.kind === 'submission' && recipients === 1 && message.stream !== 'bulk';
  // A last time in the future was written down while the clock was ahead.
  const lastAt = triedAt ?? since;
  return personal && source === 'bounce' && (lastAt > now || now - lastAt >= SUPPRESSION_LIMITS.freshAttemptEveryMs);
}

/** RFC 3463 §3.2, X.1.1: bad destination mailbox address; without a peer it is plainly our own reply. */
function refusal({ address, source, reason, reply, since }: Suppression): RoutePlan {
  const date = new Date(since).toISOString().slice(0, 10);
  const why = reply ?? reason;
  const text = `${address} is suppressed since ${date} (${source}): ${why}; posthorn suppression remove ${address} lifts it`;
  return { kind: 'undeliverable', key: 'undeliverable', reply: { code: 550, enhanced: '5.1.1', text } };
}
