/**
 * Recipients that wait for the same reason, put together: what an administrator reads first in a bad hour. Pure.
 *
 * Two reasons are the same when they differ in the recipient, and in numbers and times, only.
 */
import { likeness } from './reason-likeness.ts';
import type { QueueExplanation } from './queue-why.ts';

export interface QueueCause {
  /** Stands for all of them: the oldest. */
  readonly example: QueueExplanation;
  readonly rows: readonly QueueExplanation[];
}

/** The largest first; rows keep their order. */
export function groupCauses(rows: readonly QueueExplanation[]): readonly QueueCause[] {
  const groups = new Map<string, QueueExplanation[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map((group) => ({ example: group[0] as QueueExplanation, rows: group })).sort((a, b) => b.rows.length - a.rows.length);
}

function keyOf({ state, phase, site, waitRule, explanation, because, actor, reason, recipient }: QueueExplanation): string {
  return JSON.stringify([state, phase, site, waitRule, explanation?.rule, because?.rule, actor, likeness(reason, recipient)]);
}

/** Milliseconds since 1970, of the row's next try as far as it is known; undefined when none is planned. */
export function nextTryOf({ nextAttemptAt, waitUntil }: QueueExplanation): number | undefined {
  return nextAttemptAt === undefined ? undefined : Math.max(nextAttemptAt, waitUntil ?? 0);
}
