/**
 * The queue for administrators: what a filter selects, listed, counted, grouped by age, ordered about. Every method
 * walks the waiting recipients in pieces, and mail in transit goes on between two of them.
 */
import type { Clock } from '../../base/clock.ts';
import { QUEUE_ADMIN_LIMITS } from '../../base/queue-admin-limits.ts';
import { MESSAGE_EVENTS, type MessageEventName } from '../../contract/events.ts';
import type { QueueId, Reply } from '../../contract/message.ts';
import type { RecipientStanding, Reroute } from '../../contract/queue.ts';
import type { Stream } from '../../contract/sending.ts';
import type { StoreCall } from '../call.ts';
import type { GroupRow, WaitingPiece, WaitingText } from '../ops/queue-admin.ts';
import type { QueueGrouping, QueueSort, SelectionArgs } from '../ops/queue-selection.ts';
import { packReply, unpackStanding } from './queue-rows.ts';
import { unpackWaiting, type WaitingRecipient } from './waiting-rows.ts';

export type { GroupRow, WaitingText } from '../ops/queue-admin.ts';
export type { WaitingRecipient } from './waiting-rows.ts';
export { GROUPINGS, SORTS, type QueueGrouping, type QueueSort } from '../ops/queue-selection.ts';

/** What is absent does not narrow. Compared without regard to case. */
export interface QueueFilter {
  /** `@example.org` stands for the whole domain, '' is the null sender. */
  readonly sender?: string;
  readonly recipient?: string;
  /** Of the recipient. */
  readonly domain?: string;
  readonly state?: 'queued' | 'held';
  readonly site?: {
    readonly key: string;
    /** Recipient domains whose mail goes to it, for recipients that were never tried. */
    readonly domains: readonly string[];
  };
  readonly account?: string;
  readonly stream?: Stream;
  /** Of the last reply. */
  readonly rule?: string;
  readonly culprit?: string;
  /** In the reason or the last reply. */
  readonly text?: string;
  /** Milliseconds since 1970. */
  readonly queuedBefore?: number;
  readonly queuedAfter?: number;
}

/** What is absent stays as it is. */
export interface BulkOrder {
  readonly state?: 'queued' | 'held' | 'deleted';
  readonly nextAttemptAt?: number;
  readonly lastReply?: Reply;
  readonly reason?: string;
  /** `default` takes an earlier reroute back. */
  readonly reroute?: Reroute | 'default';
  /** What is written on the timelines, and with which data. */
  readonly event?: { readonly name: MessageEventName; readonly data: Readonly<Record<string, unknown>> };
}

export interface QueueCount {
  readonly messages: number;
  readonly recipients: number;
}

export interface TextOptions {
  readonly messages: number;
  readonly from: QueueId;
  /** With the last replies, which are the longest part of a row. */
  readonly replies: boolean;
}

export interface QueueAdmin {
  /** Waiting recipients of at most `messages` messages from the id `from` on, oldest first, and the `from` of the next. */
  page(filter: QueueFilter, messages: number, from?: QueueId): Promise<{ readonly rows: readonly WaitingRecipient[]; readonly next?: QueueId }>;
  /** What `page` reads, as text and in pieces, until more than `messages` were found: for listings of any length. */
  texts(filter: QueueFilter, options: TextOptions): AsyncIterable<WaitingText>;
  /** The first `recipients` recipients in another order, of the whole queue. */
  top(filter: QueueFilter, sort: QueueSort, recipients: number): Promise<readonly WaitingRecipient[]>;
  /** The waiting recipients of one message that the filter selects. */
  selectedOf(id: QueueId, filter: QueueFilter): Promise<readonly WaitingRecipient[]>;
  count(filter: QueueFilter): Promise<QueueCount>;
  /** Counts by group, age class and state, in pieces: who asks adds them up. */
  groups(filter: QueueFilter, by: QueueGrouping): AsyncIterable<readonly GroupRow[]>;
  /** Domains with recipients that were never tried, each with one of them, in pieces; a domain may come again. */
  untried(): AsyncIterable<readonly { readonly domain: string; readonly id: QueueId; readonly index: number }[]>;
  /** Gives the order in pieces; yields the changed recipients of each, which a running queue must be told. */
  order(filter: QueueFilter, order: BulkOrder): AsyncIterable<readonly RecipientStanding[]>;
  /** The same for one message. */
  orderOne(id: QueueId, filter: QueueFilter, order: BulkOrder): Promise<readonly RecipientStanding[]>;
}

const EVERYTHING: SelectionArgs = {
  from: '', to: null, scan: QUEUE_ADMIN_LIMITS.recipientsPerPiece, state: null, sender: null, recipient: null, domain: null, site: null, siteDomains: '[]',
  account: null, stream: null, rule: null, culprit: null, text: null, queuedBefore: null, queuedAfter: null,
};

export function createQueueAdmin(call: StoreCall, clock: Clock): QueueAdmin {
  const orderArgs = (order: BulkOrder) => {
    const atMs = clock.now();
    return {
      atMs,
      newState: order.state ?? null,
      nextAttemptAt: order.nextAttemptAt ?? null,
      lastReply: packReply(order.lastReply),
      reason: order.reason ?? null,
      reroute: packReroute(order.reroute),
      eventName: order.event?.name ?? null,
      eventData: JSON.stringify(order.event?.data ?? {}),
      doneEvents: JSON.stringify([{ at: atMs, name: MESSAGE_EVENTS.done }]),
    };
  };
  return {
    page: (filter, messages, from = '') => readPage(call, pack(filter), messages, from),
    texts: (filter, options) => readTexts(call, clock, pack(filter), options),
    async top(filter, sort, recipients) {
      const best: WaitingRecipient[] = [];
      for await (const piece of pieces(pack(filter), (args) => call('queueAdmin.waiting', { ...args, sort, limit: recipients }))) {
        best.push(...piece.rows.map(unpackWaiting));
        best.sort(comparisonOf(sort)).splice(recipients);
      }
      return best;
    },
    async selectedOf(id, filter) {
      const args = { ...pack(filter), from: id, to: id, sort: 'oldest', limit: QUEUE_ADMIN_LIMITS.recipientsListedMax } as const;
      return (await call('queueAdmin.waiting', args)).rows.map(unpackWaiting);
    },
    async count(filter) {
      const total = { messages: 0, recipients: 0 };
      for await (const piece of pieces(pack(filter), (args) => call('queueAdmin.count', args))) {
        total.messages += piece.messages;
        total.recipients += piece.recipients;
      }
      return total;
    },
    async *groups(filter, by) {
      const nowMs = clock.now();
      for await (const piece of pieces(pack(filter), (args) => call('queueAdmin.groups', { ...args, by, nowMs }))) yield piece.rows;
    },
    async *untried() {
      for await (const { rows } of pieces(EVERYTHING, (args) => call('queueAdmin.untried', args))) {
        yield rows.map(({ domain, id, position }) => ({ domain, id, index: position }));
      }
    },
    async *order(filter, order) {
      const args = { ...pack(filter), scan: QUEUE_ADMIN_LIMITS.recipientsPerOrder };
      for await (const { changed } of pieces(args, (piece) => call('queueAdmin.orderSelected', { ...piece, ...orderArgs(order) }))) {
        if (changed.ids !== '') yield unpackStanding(changed);
      }
    },
    orderOne: async (id, filter, order) => unpackStanding((await call('queueAdmin.orderSelected', { ...pack(filter), from: id, to: id, ...orderArgs(order) })).changed),
  };
}

/** Piece by piece until the queue ends. */
async function* pieces<Piece extends { readonly next: string | undefined }>(args: SelectionArgs, read: (args: SelectionArgs) => Promise<Piece>): AsyncIterable<Piece> {
  for (let from: string | undefined = args.from; from !== undefined; ) {
    const piece: Piece = await read({ ...args, from });
    yield piece;
    from = piece.next;
  }
}

/** Waiting recipients that are looked at in one go, at least. */
const PIECE_MIN = 100;

/** Whole messages only: one whose recipients may be cut off is left for the next page, unless it is the only one. */
async function readPage(call: StoreCall, filter: SelectionArgs, messages: number, start: string): Promise<{ rows: readonly WaitingRecipient[]; next?: string }> {
  const rows: WaitingRecipient[] = [];
  let found = 0;
  let scanned = 0;
  // One more than asked for, to know whether there is more: most messages have one recipient.
  let scan = Math.max(PIECE_MIN, messages + 1);
  for (let from: string | undefined = start; from !== undefined; ) {
    scan = Math.min(scan, QUEUE_ADMIN_LIMITS.recipientsPerPiece);
    const piece: WaitingPiece = await call('queueAdmin.waiting', { ...filter, from, scan, sort: 'oldest', limit: QUEUE_ADMIN_LIMITS.recipientsListedMax });
    for (const row of piece.rows) {
      const isNew = row[0] !== rows.at(-1)?.id;
      if (isNew && found === messages) return { rows, next: row[0] };
      if (isNew) found += 1;
      rows.push(unpackWaiting(row));
    }
    from = piece.next;
    scanned += scan;
    // As many as the rest is likely to need; a filter that finds little gets larger and larger pieces.
    const likely = found === 0 ? Number.POSITIVE_INFINITY : Math.ceil(((messages + 1 - found) * scanned) / found);
    scan = Math.max(PIECE_MIN, Math.min(likely, scan * 4));
  }
  return { rows };
}

/** The next piece is read while one is sent. */
async function* readTexts(call: StoreCall, clock: Clock, filter: SelectionArgs, { messages, from, replies }: TextOptions): AsyncIterable<WaitingText> {
  const read = (start: string, scan: number): Promise<WaitingText | undefined> =>
    call('queueAdmin.waitingText', { ...filter, from: start, scan: Math.min(scan, QUEUE_ADMIN_LIMITS.recipientsPerText), replies: replies ? 1 : 0, nowMs: clock.now() });
  let found = 0;
  let scan = Math.max(PIECE_MIN, messages + 1);
  for (let asked: Promise<WaitingText | undefined> | undefined = read(from, scan); asked; ) {
    const piece: WaitingText | undefined = await asked;
    if (!piece) return;
    found += piece.messages;
    // A filter that finds little gets larger and larger pieces.
    scan *= 4;
    asked = piece.next === undefined || found > messages ? undefined : read(piece.next, scan);
    // Whoever stops listening does not wait for it.
    asked?.catch(() => {});
    yield piece;
  }
}

function pack(filter: QueueFilter): SelectionArgs {
  return {
    ...EVERYTHING,
    state: filter.state ?? null,
    sender: lower(filter.sender),
    recipient: lower(filter.recipient),
    domain: lower(filter.domain),
    site: filter.site?.key ?? null,
    siteDomains: JSON.stringify(filter.site?.domains ?? []),
    account: lower(filter.account),
    stream: filter.stream ?? null,
    rule: filter.rule ?? null,
    culprit: filter.culprit ?? null,
    text: lower(filter.text),
    queuedBefore: filter.queuedBefore ?? null,
    queuedAfter: filter.queuedAfter ?? null,
  };
}

function lower(text: string | undefined): string | null {
  return text?.toLowerCase() ?? null;
}

function packReroute(reroute: BulkOrder['reroute']): string | null {
  if (reroute === undefined) return null;
  return reroute === 'default' ? '' : JSON.stringify(reroute);
}

/** As the statement of each piece orders, for what comes from several pieces. */
function comparisonOf(sort: QueueSort): (a: WaitingRecipient, b: WaitingRecipient) => number {
  switch (sort) {
    case 'oldest':
      return byAge;
    case 'newest':
      return (a, b) => compare(b.id, a.id) || a.index - b.index;
    case 'next':
      return (a, b) => a.nextAttemptAt - b.nextAttemptAt || byAge(a, b);
    case 'size':
      return (a, b) => b.sizeBytes - a.sizeBytes || byAge(a, b);
    case 'attempts':
      return (a, b) => b.attempts - a.attempts || byAge(a, b);
    case 'recipient':
      return (a, b) => compare(a.address.toLowerCase(), b.address.toLowerCase()) || byAge(a, b);
    case 'site':
      return (a, b) => compare(siteText(a), siteText(b)) || byAge(a, b);
  }
}

function byAge(a: WaitingRecipient, b: WaitingRecipient): number {
  return compare(a.id, b.id) || a.index - b.index;
}

function siteText({ site, address }: WaitingRecipient): string {
  return site ?? address.slice(address.lastIndexOf('@')).toLowerCase();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
