/**
 * `queue.stats`: what waits by site, domain, sender or stream, and for how long: the table that Postfix's qshape draws.
 * Recipients that were never tried are counted to the site where the router would send them.
 */
import { z } from 'zod';
import { QUEUE_ADMIN_LIMITS } from '../../base/queue-admin-limits.ts';
import { GROUPINGS, type GroupRow, type QueueGrouping } from '../../store/clients/queue-admin.ts';
import { filterArgs, resolveFilter, routeUntried, type FilterArgs, type RoutedDomains } from './queue-selection.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

/** Upper ends of the age classes in minutes; the last class has none. */
export const AGE_MINUTES = [5, 10, 20, 40, 80, 160, 320, 640, 1280] as const;

export interface AgeRow {
  /** Site key, domain, sender, stream, account or state; '' is the null sender or no account. */
  readonly name: string;
  readonly total: number;
  readonly held: number;
  /** Recipients by age class: one more than AGE_MINUTES. */
  readonly ages: readonly number[];
  /** Milliseconds since 1970, when the oldest was queued, and when the next of those not held is due. */
  readonly oldestAt: number;
  readonly nextAttemptAt?: number;
}

export interface QueueStats {
  readonly by: QueueGrouping;
  readonly ageMinutes: readonly number[];
  /** Most recipients first; the rest is one row named `(others)`. */
  readonly rows: readonly AgeRow[];
  readonly total: AgeRow;
  readonly states: readonly { readonly state: 'queued' | 'held'; readonly recipients: number }[];
  /** Recipients in delivery; absent when the server does not run. */
  readonly inFlight?: number;
  readonly now: number;
  readonly unknownSites?: number;
}

const ROWS_DEFAULT = 30;

export const queueStats = defineVerb({
  name: 'queue.stats',
  summary: 'Counts waiting recipients by site (or domain, sender, stream, account) and age.',
  args: z.strictObject({ ...filterArgs, by: z.enum(GROUPINGS).default('site'), limit: z.number().int().min(1).max(QUEUE_ADMIN_LIMITS.groupsMax).default(ROWS_DEFAULT) }),
  run: async (context, { by, limit, ...wanted }): Promise<QueueStats> => countQueue(context, wanted, by, limit),
});

/** At most `limit` rows, and one for the rest. */
export async function countQueue(context: ManageContext, wanted: FilterArgs, by: QueueGrouping, limit: number): Promise<QueueStats> {
  const { filter } = await resolveFilter(context, wanted);
  const sum = new AgeTable();
  let routed: RoutedDomains | undefined;
  for await (const rows of context.store.queueAdmin.groups(filter, by)) {
    // Another walk over the queue, which a queue whose recipients were all tried can do without.
    if (by === 'site' && !routed && rows.some(({ name }) => name.startsWith('@'))) routed = await routeUntried(context);
    for (const row of rows) sum.add(nameOf(row, routed), row);
  }
  return {
    by,
    ageMinutes: AGE_MINUTES,
    rows: sum.rows(limit),
    total: sum.total,
    states: (['queued', 'held'] as const).map((state) => ({ state, recipients: sum.inState(state) })).filter(({ recipients }) => recipients > 0),
    ...(context.queue ? { inFlight: context.queue.size.inFlight } : {}),
    now: context.clock.now(),
    ...(routed && routed.unknown > 0 ? { unknownSites: routed.unknown } : {}),
  };
}

/** An untried recipient comes as `@domain`, and stays that when nobody knows its site. */
function nameOf({ name }: GroupRow, routed: RoutedDomains | undefined): string {
  if (!routed || !name.startsWith('@')) return name;
  return routed.siteOf.get(name.slice(1)) ?? `domain:${name.slice(1)}`;
}

interface Sum {
  name: string;
  total: number;
  held: number;
  ages: number[];
  oldestAt: number;
  nextAttemptAt?: number;
}

const OTHERS = '(others)';

class AgeTable {
  readonly #sums = new Map<string, Sum>();
  readonly #total = emptySum('total');

  add(name: string, row: GroupRow): void {
    const bounded = this.#sums.has(name) || this.#sums.size < QUEUE_ADMIN_LIMITS.groupsMax ? name : OTHERS;
    const sum = this.#sums.get(bounded) ?? emptySum(bounded);
    this.#sums.set(bounded, sum);
    for (const each of [sum, this.#total]) addRow(each, row);
  }

  get total(): AgeRow {
    return this.#total;
  }

  inState(state: 'queued' | 'held'): number {
    return state === 'held' ? this.#total.held : this.#total.total - this.#total.held;
  }

  rows(limit: number): readonly AgeRow[] {
    const ordered = [...this.#sums.values()].sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
    if (ordered.length <= limit) return ordered;
    const others = emptySum(OTHERS);
    for (const sum of ordered.slice(limit)) mergeSum(others, sum);
    return [...ordered.slice(0, limit), others];
  }
}

function emptySum(name: string): Sum {
  return { name, total: 0, held: 0, ages: Array<number>(AGE_MINUTES.length + 1).fill(0), oldestAt: Number.MAX_SAFE_INTEGER };
}

function addRow(sum: Sum, { bucket, state, recipients, oldest, nextAttemptAt }: GroupRow): void {
  sum.total += recipients;
  sum.ages[bucket] = (sum.ages[bucket] ?? 0) + recipients;
  sum.oldestAt = Math.min(sum.oldestAt, oldest);
  if (state === 'held') sum.held += recipients;
  else sum.nextAttemptAt = Math.min(sum.nextAttemptAt ?? Number.MAX_SAFE_INTEGER, nextAttemptAt);
}

function mergeSum(into: Sum, sum: Sum): void {
  into.total += sum.total;
  into.held += sum.held;
  into.oldestAt = Math.min(into.oldestAt, sum.oldestAt);
  for (const [at, count] of sum.ages.entries()) into.ages[at] = (into.ages[at] ?? 0) + count;
  if (sum.nextAttemptAt !== undefined) into.nextAttemptAt = Math.min(into.nextAttemptAt ?? Number.MAX_SAFE_INTEGER, sum.nextAttemptAt);
}
