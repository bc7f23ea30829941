/** `queue.list`, `queue.rows` and `queue.show`: what waits, and one message with everything that is stored of it. */
import { z } from 'zod';
import type { LiveWait } from '../../contract/queue-control.ts';
import type { QueueItem } from '../../contract/queue.ts';
import { SORTS, type QueueFilter, type TextOptions } from '../../store/clients/queue-admin.ts';
import { toEntries, withWaits, type QueueEntry, type QueueRowsPiece } from './queue-entries.ts';
import { filterArgs, findMessage, resolveFilter } from './queue-selection.ts';
import { defineVerb, JsonPieces } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

export interface QueueListing {
  readonly entries: readonly QueueEntry[];
  /** There is more: ask again with `after` as the id of the last entry (in order of age only). */
  readonly more: boolean;
  readonly now: number;
  /** With a filter by site: domains never tried whose site nobody can tell now. */
  readonly unknownSites?: number;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 10_000;

const list = defineVerb({
  name: 'queue.list',
  summary: 'Lists waiting messages, oldest first or sorted.',
  args: z.strictObject({
    ...filterArgs,
    /** Messages; when sorted, recipients. */
    limit: z.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
    after: z.string().default(''),
    sort: z.enum(SORTS).default('oldest'),
  }),
  run: async (context, { limit, after, sort, ...wanted }): Promise<QueueListing> => {
    const { filter, ...unknown } = await resolveFilter(context, wanted);
    const now = context.clock.now();
    if (sort !== 'oldest') {
      const rows = await context.store.queueAdmin.top(filter, sort, limit + 1);
      return { entries: withLiveWaits(context, toEntries(rows.slice(0, limit))), more: rows.length > limit, now, ...unknown };
    }
    // The smallest text above an id is the id with a blank.
    const { rows, next } = await context.store.queueAdmin.page(filter, limit, after === '' ? '' : `${after} `);
    return { entries: withLiveWaits(context, toEntries(rows)), more: next !== undefined, now, ...unknown };
  },
});

const show = defineVerb({
  name: 'queue.show',
  summary: 'Shows one message with all its recipients, waiting or finished.',
  args: z.strictObject({ id: z.string().min(1) }),
  run: async (context, { id }) => {
    const item = await findMessage(context, id);
    const { origin, messageId, headerFrom, contentDigest, options, dkimDomain } = item.message;
    const [entry] = withLiveWaits(context, [entryOf(item)]);
    return { ...(entry as QueueEntry), origin, messageId, headerFrom, contentDigest, options, dkimDomain, now: context.clock.now() };
  },
});

const listRows = defineVerb({
  name: 'queue.rows',
  summary: 'Lists waiting messages of any number, oldest first, in pieces.',
  args: z.strictObject({
    ...filterArgs,
    /** Messages; the last piece may bring more. */
    limit: z.number().int().min(1).default(Number.MAX_SAFE_INTEGER),
    after: z.string().default(''),
    /** With the last replies. */
    replies: z.boolean().default(false),
  }),
  run: async (context, { limit, after, replies, ...wanted }): Promise<JsonPieces> => {
    const { filter, ...unknown } = await resolveFilter(context, wanted);
    return new JsonPieces(piecesOf(context, filter, { messages: limit, from: after === '' ? '' : `${after} `, replies }, unknown));
  },
});

export const queueListVerbs = [list, listRows, show] as const;

/** Where recipients stand in line, and what makes those wait whose time has come: the running queue knows. */
export function withLiveWaits({ queue }: ManageContext, entries: readonly QueueEntry[]): readonly QueueEntry[] {
  return queue?.explainWait ? entries.map((entry) => withWaits(entry, (recipient) => queue.explainWait?.(entry.id, recipient.index))) : entries;
}

/** One piece at least: what is not about the rows stands in each. */
async function* piecesOf({ store, queue, clock }: ManageContext, filter: QueueFilter, options: TextOptions, unknown: Omit<QueueRowsPiece, 'now' | 'live' | 'rows'>): AsyncGenerator<readonly (string | Uint8Array)[]> {
  let any = false;
  for await (const { rows, due } of store.queueAdmin.texts(filter, options)) {
    any = true;
    const live: Record<string, LiveWait> = {};
    for (const place of queue?.explainWait && due !== '' ? due.split('\n') : []) {
      const [id = '', index] = place.split(' ');
      const wait = queue?.explainWait?.(id, Number(index));
      if (wait) live[place] = wait;
    }
    yield [`{"now":${clock.now()},${JSON.stringify({ ...unknown, live }).slice(1, -1)},"rows":`, rows, '}'];
  }
  if (!any) yield [JSON.stringify({ now: clock.now(), ...unknown, live: {}, rows: [] })];
}

function entryOf({ message, recipients }: QueueItem): QueueEntry {
  const { id, sender, sizeBytes, queuedAt, expiresAt, stream, origin } = message;
  return {
    id, sender, sizeBytes, queuedAt, expiresAt,
    ...(stream ? { stream } : {}),
    ...(origin.account === undefined ? {} : { account: origin.account }),
    recipients: recipients.map(({ originalRecipient: _original, notify: _notify, ...shown }) => shown),
  };
}
