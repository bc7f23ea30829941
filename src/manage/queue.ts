/**
 * Verbs on the queue: look at it, explain it, and order what becomes of a recipient. They change the store; when they
 * run inside the server, the running queue is told to read the changed rows again.
 *
 * Selection: `ids`, or a filter over waiting recipients (sender, recipient, domain, state), or `all`. A verb that
 * changes something refuses to guess: one of them must be given.
 */
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import { MESSAGE_EVENTS } from '../contract/events.ts';
import type { MessageEventName } from '../contract/events.ts';
import type { Reply } from '../contract/message.ts';
import { RETURN_ORDERED_AT } from '../contract/queue.ts';
import type { MessageEvent, QueueItem, QueueRecipient, RecipientState } from '../contract/queue.ts';
import type { QueueFilter, QueueMatch, QueueOrder } from '../store/clients/queue.ts';
import { explainLastReply } from './event-explanation.ts';
import type { TraceExplanation } from './trace-result.ts';
import { defineVerb } from './verb.ts';
import type { ManageContext } from './verb.ts';

const filter = {
  sender: z.string().optional(),
  recipient: z.string().optional(),
  /** Of the recipient. */
  domain: z.string().optional(),
  state: z.enum(['queued', 'held']).optional(),
};
const selection = z.object({ ids: z.array(z.string().min(1)).optional(), all: z.boolean().optional(), ...filter });
type Selection = z.infer<typeof selection>;
const oneMessage = z.object({ id: z.string().min(1) });
const listing = z.object({ ...filter, limit: z.number().int().min(1).max(10_000).default(100), after: z.string().default('') });

/** Messages changed in one go; the running queue works on between two of them. */
const PAGE_MESSAGES = 500;
const BUSIEST_DOMAINS = 10;
const RETURNED: Reply = { code: 554, enhanced: '5.0.0', text: 'returned by the administrator' };

export interface QueueEntryRecipient {
  readonly index: number;
  readonly address: string;
  readonly state: RecipientState;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly nextAttemptAt: number;
  readonly reason?: string;
  readonly lastReply?: Reply;
}

export interface QueueEntry {
  readonly id: string;
  /** '' is the null sender. */
  readonly sender: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  readonly expiresAt: number;
  readonly recipients: readonly QueueEntryRecipient[];
}

export interface QueueExplanation {
  readonly id: string;
  readonly recipient: string;
  readonly state: RecipientState;
  /** One sentence. */
  readonly reason: string;
  readonly lastReply?: Reply;
  /** Of the last reply, as trace gives it. */
  readonly explanation?: TraceExplanation;
  /** The time of the server, whose clock runs ahead in the lab; milliseconds since 1970. */
  readonly now: number;
  readonly attempts: number;
  /** Milliseconds since 1970; absent when no attempt is planned. */
  readonly nextAttemptAt?: number;
  readonly expiresAt: number;
}

/** How many messages and recipients an order changed. */
export interface QueueChange {
  readonly messages: number;
  readonly recipients: number;
}

const list = defineVerb({
  name: 'queue.list',
  summary: 'Lists waiting messages, oldest first.',
  args: listing,
  run: async ({ store, clock }, { limit, after, ...wanted }): Promise<{ entries: readonly QueueEntry[]; more: boolean; now: number }> => {
    const matches = await store.queue.search(wanted, limit + 1, after);
    return { entries: matches.slice(0, limit).map(toEntry), more: matches.length > limit, now: clock.now() };
  },
});

const show = defineVerb({
  name: 'queue.show',
  summary: 'Shows one message with all its recipients, waiting or finished.',
  args: oneMessage,
  run: async (context, { id }) => {
    const { message, recipients } = await findMessage(context, id);
    const { origin, messageId, headerFrom, contentDigest, options } = message;
    return { ...toEntry({ item: { message, recipients }, selected: recipients.map(({ index }) => index) }), origin, messageId, headerFrom, contentDigest, options, now: context.clock.now() };
  },
});

const why = defineVerb({
  name: 'queue.why',
  summary: 'Says why recipients wait, what was answered last, and when the next try is.',
  args: selection.extend({ limit: z.number().int().min(1).max(10_000).default(100) }),
  run: async (context, args): Promise<readonly QueueExplanation[]> => {
    const matches = args.ids ? await byIds(context, args.ids, allOf) : await context.store.queue.search(filterOf(args), args.limit);
    const explanations = await Promise.all(matches.map((match) => explainMatch(context, match)));
    return explanations.flat();
  },
});

const stats = defineVerb({
  name: 'queue.stats',
  summary: 'Counts waiting recipients by state and by domain.',
  args: z.object({}),
  run: async ({ store, queue }) => ({
    states: await store.queue.stats(),
    domains: await store.queue.busiestDomains(BUSIEST_DOMAINS),
    ...(queue ? { inFlight: queue.size.inFlight } : {}),
  }),
});

const retry = orderVerb('retry', 'Tries waiting recipients again now.', MESSAGE_EVENTS.retried, ['queued'], (now) => ({ state: 'queued', nextAttemptAt: now }));
const hold = orderVerb('hold', 'Keeps waiting recipients from being tried.', MESSAGE_EVENTS.held, ['queued'], () => ({
  state: 'held',
  reason: 'An administrator put it on hold; `posthorn queue release` lets it go.',
}));
const release = orderVerb('release', 'Lets held recipients go, at once.', MESSAGE_EVENTS.released, ['held'], (now) => ({
  state: 'queued',
  nextAttemptAt: now,
  reason: 'An administrator released it.',
}));
const bounce = orderVerb('bounce', 'Returns messages to their senders.', undefined, ['queued', 'held'], () => ({
  state: 'queued',
  nextAttemptAt: RETURN_ORDERED_AT,
  lastReply: RETURNED,
  reason: 'An administrator ordered its return; the running server does it at once.',
}));
const remove = orderVerb('delete', 'Drops recipients without telling the sender.', MESSAGE_EVENTS.deleted, ['queued', 'held'], () => ({
  state: 'deleted',
  reason: 'An administrator deleted it.',
}));

export const queueVerbs = [list, show, why, retry, hold, release, bounce, remove, stats];

function orderVerb(
  name: string, summary: string, event: MessageEventName | undefined, states: readonly RecipientState[], makeOrder: (now: number) => QueueOrder,
) {
  return defineVerb({
    name: `queue.${name}`,
    summary,
    args: selection,
    run: async (context, args): Promise<QueueChange> => {
      const change = { messages: 0, recipients: 0 };
      for await (const page of selectPages(context, args, states)) {
        await Promise.all(page.map(({ item, selected }) => giveOrder(context, item.message.id, selected, makeOrder, event)));
        await context.queue?.refresh(page.map(({ item }) => item.message.id));
        change.messages += page.length;
        change.recipients += page.reduce((sum, { selected }) => sum + selected.length, 0);
      }
      return change;
    },
  });
}

async function giveOrder(
  { store, clock }: ManageContext, id: string, recipients: readonly number[], makeOrder: (now: number) => QueueOrder,
  event: MessageEventName | undefined,
): Promise<void> {
  const at = clock.now();
  const events = event ? recipients.map((recipient) => ({ at, name: event, recipient, data: { by: 'administrator' } })) : [];
  await store.queue.order(id, recipients, makeOrder(at), events);
}

/** Pages of messages with their selected recipients in one of `states`; never an empty recipient list. */
async function* selectPages(context: ManageContext, args: Selection, states: readonly RecipientState[]): AsyncIterable<readonly QueueMatch[]> {
  const inState = ({ state }: QueueRecipient): boolean => states.includes(state);
  if (args.ids) {
    const matches = await byIds(context, args.ids, inState);
    for (let at = 0; at < matches.length; at += PAGE_MESSAGES) yield matches.slice(at, at + PAGE_MESSAGES);
    return;
  }
  const wanted = filterOf(args);
  if (!args.all && Object.values(wanted).every((value) => value === undefined)) {
    throw new Failure('nothing-selected', 'say which messages: ids, a sender, recipient, domain or state, or all', { temporary: false });
  }
  let after = '';
  for (;;) {
    const found = await context.store.queue.search(wanted, PAGE_MESSAGES, after);
    if (found.length === 0) return;
    after = found.at(-1)?.item.message.id ?? '';
    const page = found.map((match) => narrow(match, inState)).filter(({ selected }) => selected.length > 0);
    if (page.length > 0) yield page;
  }
}

function narrow({ item, selected }: QueueMatch, wanted: (recipient: QueueRecipient) => boolean): QueueMatch {
  const chosen = new Set(selected);
  return { item, selected: item.recipients.filter((recipient) => chosen.has(recipient.index) && wanted(recipient)).map(({ index }) => index) };
}

const allOf = (): boolean => true;

/** Refuses an unknown id; leaves out messages without a recipient that is wanted. */
async function byIds(context: ManageContext, ids: readonly string[], wanted: (recipient: QueueRecipient) => boolean): Promise<readonly QueueMatch[]> {
  const items = await Promise.all([...new Set(ids)].map((id) => findMessage(context, id)));
  const matches = items.map((item) => ({ item, selected: item.recipients.filter(wanted).map(({ index }) => index) }));
  return matches.filter(({ selected }) => selected.length > 0);
}

async function findMessage({ store }: ManageContext, id: string): Promise<QueueItem> {
  const item = await store.queue.read(id.toLowerCase());
  if (item) return item;
  throw new Failure('unknown-message', `there is no message ${id}; \`posthorn queue list\` shows what waits, \`posthorn trace\` finds the rest`, { temporary: false });
}

function filterOf({ sender, recipient, domain, state }: Selection): QueueFilter {
  return {
    ...(sender === undefined ? {} : { sender: sender === '<>' ? '' : sender }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(domain === undefined ? {} : { domain }),
    ...(state === undefined ? {} : { state }),
  };
}

function toEntry({ item: { message, recipients }, selected }: QueueMatch): QueueEntry {
  const { id, sender, sizeBytes, queuedAt, expiresAt } = message;
  const shown = recipients.filter(({ index }) => selected.includes(index));
  return {
    id, sender, sizeBytes, queuedAt, expiresAt,
    recipients: shown.map(({ index, address, state, attempts, nextAttemptAt, reason, lastReply }) => ({
      index, address, state, attempts, nextAttemptAt, ...(reason === undefined ? {} : { reason }), ...(lastReply ? { lastReply } : {}),
    })),
  };
}

async function explainMatch(context: ManageContext, { item, selected }: QueueMatch): Promise<readonly QueueExplanation[]> {
  const recipients = item.recipients.filter(({ index }) => selected.includes(index));
  const events = recipients.some(({ lastReply }) => lastReply) ? await context.store.timeline.events(item.message.id) : [];
  return recipients.map((recipient) => explain(context, item, recipient, events));
}

function explain({ clock, queue }: ManageContext, { message }: QueueItem, recipient: QueueRecipient, events: readonly MessageEvent[]): QueueExplanation {
  const { state, attempts, nextAttemptAt, lastReply } = recipient;
  const planned = state === 'queued' && nextAttemptAt !== RETURN_ORDERED_AT;
  return {
    id: message.id,
    recipient: recipient.address,
    state,
    reason: recipient.reason ?? defaultReason(recipient, clock.now(), queue !== undefined),
    now: clock.now(),
    attempts,
    expiresAt: message.expiresAt,
    ...(planned ? { nextAttemptAt } : {}),
    ...(lastReply ? { lastReply, explanation: explainLastReply(lastReply, recipient.index, events) } : {}),
  };
}

/** For recipients that nothing has happened to yet, or that ended well. */
function defaultReason({ state, nextAttemptAt, attempts }: QueueRecipient, now: number, running: boolean): string {
  if (state === 'delivered') return 'It was delivered.';
  if (state !== 'queued') return `It is ${state}.`;
  if (!running) return 'The server does not run; it is tried when the server starts.';
  if (nextAttemptAt > now) return 'It waits for its next try.';
  return attempts === 0 ? 'Its first try is under way, or its turn comes as soon as its destination has room.' : 'A try is under way.';
}
