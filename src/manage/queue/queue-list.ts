/** `queue.list` and `queue.show`: what waits, and one message with everything that is stored of it. */
import { z } from 'zod';
import type { Reply } from '../../contract/message.ts';
import type { QueueItem, RecipientState } from '../../contract/queue.ts';
import { SORTS, type WaitingRecipient } from '../../store/clients/queue-admin.ts';
import { filterArgs, findMessage, resolveFilter } from './queue-selection.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

export interface QueueEntryRecipient {
  readonly index: number;
  readonly address: string;
  readonly state: RecipientState;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly nextAttemptAt: number;
  /** Of its last change: what came of the last try, who held it. */
  readonly reason?: string;
  /** Its time has come and it waits: why, and until when at least (milliseconds since 1970); of a running queue. */
  readonly waitReason?: string;
  readonly waitUntil?: number;
  /** It is being tried at this moment. */
  readonly inDelivery?: true;
  readonly lastReply?: Reply;
  /** MX site of the last attempt; absent before the first. */
  readonly site?: string;
  /** What the last reply means: mail/reply-meaning. */
  readonly rule?: string;
  readonly culprit?: string;
}

export interface QueueEntry {
  readonly id: string;
  /** '' is the null sender. */
  readonly sender: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  readonly expiresAt: number;
  readonly stream?: string;
  readonly account?: string;
  readonly recipients: readonly QueueEntryRecipient[];
}

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

export const queueListVerbs = [list, show] as const;

/** Where recipients stand in line, and what makes those wait whose time has come: the running queue knows. */
export function withLiveWaits({ queue }: ManageContext, entries: readonly QueueEntry[]): readonly QueueEntry[] {
  if (!queue?.explainWait) return entries;
  const waitOf = (id: string, index: number) => queue.explainWait?.(id, index);
  return entries.map((entry) => ({
    ...entry,
    recipients: entry.recipients.map((recipient) => {
      const live = recipient.state === 'queued' ? waitOf(entry.id, recipient.index) : undefined;
      if (!live) return recipient;
      const site = recipient.site ?? live.site;
      const waiting = live.phase !== 'scheduled';
      return {
        ...recipient,
        ...(site === undefined ? {} : { site }),
        ...(waiting ? { waitReason: live.reason } : {}),
        ...(live.phase === 'in-delivery' ? { inDelivery: true as const } : {}),
        ...(waiting && live.until !== undefined ? { waitUntil: live.until } : {}),
      };
    }),
  }));
}

/** Neighbouring rows of one message become one entry. */
export function toEntries(rows: readonly WaitingRecipient[]): readonly QueueEntry[] {
  const entries: (QueueEntry & { readonly recipients: QueueEntryRecipient[] })[] = [];
  for (const { id, sender, sizeBytes, queuedAt, expiresAt, stream, account, ...recipient } of rows) {
    const last = entries.at(-1);
    if (last?.id === id) last.recipients.push(recipient);
    else entries.push({ id, sender, sizeBytes, queuedAt, expiresAt, stream, ...(account === undefined ? {} : { account }), recipients: [recipient] });
  }
  return entries;
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
