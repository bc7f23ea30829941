/**
 * When to try again, and when to give up. Pure.
 *
 * The wait doubles from retryMinMs to retryMaxMs with the number of attempts (RFC 5321 §4.5.4.1 asks for growing
 * waits), spread by up to a tenth so that messages deferred together do not come back together. The last attempt is at
 * the message's expiry; one that is deferred then has expired.
 *
 * A wait that the reply names is kept instead, and a refusal of the source waits an hour at least, growing to half a
 * day: whoever blocks us must not be knocked at, and asking again soon makes most blocks longer. Where a smarthost steps in
 * while the source rests, the schedule holds: the next attempt goes there.
 *
 * A message that was sent whole and never answered, twice in a row, is tried an hour later and then ever more rarely: a
 * server that takes mail and breaks off would otherwise give its user a copy with each attempt, some forty in five days.
 */
import { REPLY_LIMITS } from '../../base/reply-limits.ts';

export interface RetryPolicy {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** The wall clock has just jumped ahead and may be put right again: nothing expires. */
  readonly unexpiring?: boolean;
  /** While the source rests, mail to this site goes by a smarthost. */
  readonly wayRound?: boolean;
}

/** What the reply asks for beyond the schedule. */
export interface RetryWish {
  /** The wait that it names, milliseconds. */
  readonly retryAfterMs?: number;
  /** It refuses the source: wait long. */
  readonly blocked?: boolean;
  /** The attempt before had the same end, too: sent whole, and not answered. */
  readonly inDoubtAgain?: boolean;
}

export type RetryDecision = { readonly kind: 'retry'; readonly nextAttemptAt: number } | { readonly kind: 'expire' };

const JITTER_SHARE = 0.1;

/** `attempts` includes the one that was just deferred; `random` is in [0, 1). Times are milliseconds since 1970. */
export function decideRetry(policy: RetryPolicy, attempts: number, now: number, expiresAt: number, random: number, wish: RetryWish = {}): RetryDecision {
  const nextAttemptAt = now + waitMs(policy, attempts, random, wish);
  if (now < expiresAt) return { kind: 'retry', nextAttemptAt: Math.min(expiresAt, nextAttemptAt) };
  return policy.unexpiring ? { kind: 'retry', nextAttemptAt } : { kind: 'expire' };
}

function waitMs(policy: RetryPolicy, attempts: number, random: number, { retryAfterMs, blocked, inDoubtAgain }: RetryWish): number {
  if (blocked && policy.wayRound) return retryWaitMs(policy, attempts, random);
  if (blocked) {
    const wait = retryWaitMs({ retryMinMs: REPLY_LIMITS.blockRetryMinMs, retryMaxMs: REPLY_LIMITS.blockRetryMaxMs }, attempts, random);
    return Math.max(wait, REPLY_LIMITS.blockRetryMinMs, retryAfterMs ?? 0);
  }
  // Later than named by the same spread, never earlier: who comes too soon waits again.
  if (retryAfterMs !== undefined) return Math.round(retryAfterMs * (1 + JITTER_SHARE * random));
  if (inDoubtAgain) return retryWaitMs({ retryMinMs: REPLY_LIMITS.doubtRetryMinMs, retryMaxMs: REPLY_LIMITS.doubtRetryMaxMs }, attempts - 1, random);
  return retryWaitMs(policy, attempts, random);
}

/** Milliseconds to wait after the given number of attempts (from 1). */
export function retryWaitMs(policy: RetryPolicy, attempts: number, random: number): number {
  const doubled = policy.retryMinMs * 2 ** Math.min(Math.max(attempts, 1) - 1, 30);
  const wait = Math.min(doubled, Math.max(policy.retryMaxMs, policy.retryMinMs));
  return Math.round(wait * (1 - JITTER_SHARE * random));
}
