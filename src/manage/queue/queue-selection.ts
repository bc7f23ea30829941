/**
 * How verbs on the queue say which recipients they mean: `ids`, or a filter over waiting recipients, or `all`.
 *
 * A filter by site must be true for recipients that were never tried, too: the store does not know their site, so that
 * the running queue's router is asked, once for each recipient domain.
 */
import { z } from 'zod';
import { QUEUE_ADMIN_LIMITS } from '../../base/queue-admin-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { QueueItem } from '../../contract/queue.ts';
import { STREAMS } from '../../contract/sending.ts';
import type { QueueFilter } from '../../store/clients/queue-admin.ts';
import type { ManageContext } from '../verb.ts';

/** A hundred years: durations are counted back from now. */
const DURATION_MS_MAX = 100 * 366 * 86_400_000;
const duration = z.number().int().min(0).max(DURATION_MS_MAX).optional();
const words = z.string().max(1000).regex(/\S/, 'must not be empty').optional();

export const filterArgs = {
  /** `<>` or '' is the null sender; `@example.org` the whole domain. */
  sender: z.string().max(1000).optional(),
  recipient: words,
  /** Of the recipient. */
  domain: words,
  /** Key of an MX site, as `queue stats` shows it. */
  site: words,
  state: z.enum(['queued', 'held']).optional(),
  stream: z.enum(STREAMS).optional(),
  account: words,
  /** Of the last reply, as `queue why` shows them. */
  rule: words,
  culprit: words,
  /** In the reason or the last reply. */
  text: words,
  /** In the queue for at least, at most so many milliseconds. */
  olderMs: duration,
  newerMs: duration,
};

const filterObject = z.strictObject(filterArgs);
export type FilterArgs = z.infer<typeof filterObject>;

export interface ResolvedFilter {
  readonly filter: QueueFilter;
  /** With a filter by site: recipient domains that were never tried and whose site nobody can tell now. */
  readonly unknownSites?: number;
}

/** True when nothing narrows. */
export function isEmptyFilter(args: FilterArgs): boolean {
  return Object.keys(filterArgs).every((name) => args[name as keyof FilterArgs] === undefined);
}

export async function resolveFilter(context: ManageContext, args: FilterArgs): Promise<ResolvedFilter> {
  const now = context.clock.now();
  const { sender, recipient, domain, site, state, stream, account, rule, culprit, text, olderMs, newerMs } = args;
  const sites = site === undefined ? undefined : await routeUntried(context);
  const filter: QueueFilter = {
    ...(sender === undefined ? {} : { sender: sender === '<>' ? '' : sender }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(domain === undefined ? {} : { domain: domain.replace(/^@/, '') }),
    ...(state === undefined ? {} : { state }),
    ...(stream === undefined ? {} : { stream }),
    ...(account === undefined ? {} : { account }),
    ...(rule === undefined ? {} : { rule }),
    ...(culprit === undefined ? {} : { culprit }),
    ...(text === undefined ? {} : { text }),
    ...(olderMs === undefined ? {} : { queuedBefore: now - olderMs }),
    ...(newerMs === undefined ? {} : { queuedAfter: now - newerMs }),
    ...(site === undefined ? {} : { site: { key: site, domains: [...(sites?.siteOf ?? [])].filter(([, key]) => key === site).map(([name]) => name) } }),
  };
  return { filter, ...(sites && sites.unknown > 0 ? { unknownSites: sites.unknown } : {}) };
}

export interface RoutedDomains {
  /** Site key by recipient domain, of domains with recipients that were never tried. */
  readonly siteOf: ReadonlyMap<string, string>;
  readonly unknown: number;
}

/** Asks the running queue where recipients go that were never tried, one for each domain. */
export async function routeUntried({ store, queue }: ManageContext): Promise<RoutedDomains> {
  const siteOf = new Map<string, string>();
  const asked = new Set<string>();
  let unknown = 0;
  for await (const rows of store.queueAdmin.untried()) {
    const fresh = rows.filter(({ domain }) => !asked.has(domain));
    for (const { domain } of fresh) asked.add(domain);
    const within = queue?.siteOf ? fresh.slice(0, Math.max(0, QUEUE_ADMIN_LIMITS.domainsRoutedMax - (asked.size - fresh.length))) : [];
    for (let at = 0; at < within.length; at += QUEUE_ADMIN_LIMITS.routesAtOnce) {
      const some = within.slice(at, at + QUEUE_ADMIN_LIMITS.routesAtOnce);
      const keys = await Promise.all(some.map(({ id, index }) => queue?.siteOf?.(id, index).catch(() => undefined)));
      for (const [position, { domain }] of some.entries()) {
        const key = keys[position];
        if (key !== undefined) siteOf.set(domain, key);
      }
    }
    unknown = asked.size - siteOf.size;
  }
  return { siteOf, unknown };
}

/** Rejects with Failure `unknown-message`. */
export async function findMessage({ store }: ManageContext, id: string): Promise<QueueItem> {
  const item = await store.queue.read(id.toLowerCase());
  if (item) return item;
  throw new Failure('unknown-message', `there is no message ${id}; \`posthorn queue list\` shows what waits, \`posthorn trace\` finds the rest`, { temporary: false });
}
