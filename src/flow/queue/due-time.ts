/**
 * When a recipient is due, from what its row says. A time that was written down while the wall clock was ahead of what it
 * says now is nothing to wait for: such a recipient is due at once. Pure.
 */
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { QueueRecipient } from '../../contract/queue.ts';

/** Milliseconds since 1970. `setAt`: when `nextAttemptAt` was written down; 0 when nobody knows. */
export function dueTime(nextAttemptAt: number, setAt: number, now: number): number {
  if (setAt > now) return Math.min(nextAttemptAt, now);
  return Math.min(nextAttemptAt, now + QUEUE_LIMITS.longestRetryWaitMs);
}

/** Of a recipient in state `queued`. The first time of those that were never tried was written down when they came. */
export function dueTimeOf({ nextAttemptAt, dueSetAt, attempts }: Pick<QueueRecipient, 'nextAttemptAt' | 'dueSetAt' | 'attempts'>, now: number): number {
  return dueTime(nextAttemptAt, dueSetAt ?? (attempts === 0 ? nextAttemptAt : 0), now);
}
