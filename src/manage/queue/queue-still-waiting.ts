/**
 * What an order to send leaves behind: the selected recipients that wait all the same, since a lane rests or somebody
 * paused their mail, by reason. Who gives the order is told at once what `queue why` would say a moment later.
 */
import type { Clock } from '../../base/clock.ts';
import { QUEUE_ADMIN_LIMITS } from '../../base/queue-admin-limits.ts';
import type { LiveWait } from '../../contract/queue-control.ts';
import type { RecipientStanding } from '../../contract/queue.ts';
import { likeness } from './reason-likeness.ts';
import type { ManageContext } from '../verb.ts';

export interface StillWaiting {
  readonly recipients: number;
  /** One sentence, of one of them. */
  readonly reason: string;
  /** Of the shaper, as in `queue why`. */
  readonly rule?: string;
  /** Milliseconds since 1970: the first of them may go then. */
  readonly until?: number;
  /** Key of the MX site. */
  readonly site?: string;
}

/**
 * The most frequent reason first; empty without a running queue. Looks at QUEUE_ADMIN_LIMITS.recipientsFollowed of them
 * at most, and for followMs at most, until their way is known: that takes a look at DNS.
 */
export async function stillWaiting({ queue, clock }: ManageContext, ordered: readonly RecipientStanding[]): Promise<readonly StillWaiting[]> {
  if (!queue?.explainWait) return [];
  const followed = ordered.slice(0, QUEUE_ADMIN_LIMITS.recipientsFollowed);
  const last = clock.monotonic() + QUEUE_ADMIN_LIMITS.followMs;
  for (;;) {
    const waits = followed.flatMap(({ id, index }) => queue.explainWait?.(id, index) ?? []);
    if (!waits.some(({ phase }) => phase === 'taken-up') || clock.monotonic() >= last) return grouped(waits.filter(({ phase }) => phase === 'shaped'));
    await pause(clock, QUEUE_ADMIN_LIMITS.followEveryMs);
  }
}

function grouped(waits: readonly LiveWait[]): readonly StillWaiting[] {
  const groups = new Map<string, StillWaiting>();
  for (const { rule, site, reason, until } of waits) {
    const key = JSON.stringify([rule, site, likeness(reason)]);
    const known = groups.get(key);
    const first = Math.min(until ?? Number.POSITIVE_INFINITY, known?.until ?? Number.POSITIVE_INFINITY);
    groups.set(key, {
      recipients: (known?.recipients ?? 0) + 1,
      reason: known?.reason ?? reason,
      ...(rule === undefined ? {} : { rule }),
      ...(Number.isFinite(first) ? { until: first } : {}),
      ...(site === undefined ? {} : { site }),
    });
  }
  return [...groups.values()].sort((a, b) => b.recipients - a.recipients);
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.timer(ms, resolve));
}
