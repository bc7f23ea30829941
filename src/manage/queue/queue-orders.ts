/**
 * Orders about waiting recipients: try again, hold, release, return, delete, send another way. They change the store, in
 * pieces; inside the server the running queue is told after each.
 *
 * A verb refuses to guess: ids, a filter or `all` must be given. With `dryRun` it counts, shows a few, and changes
 * nothing.
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { QUEUE_ADMIN_LIMITS } from '../../base/queue-admin-limits.ts';
import { MESSAGE_EVENTS, type MessageEventName } from '../../contract/events.ts';
import type { Reply } from '../../contract/message.ts';
import { RETURN_ORDERED_AT, type RecipientStanding } from '../../contract/queue.ts';
import type { BulkOrder, QueueFilter } from '../../store/clients/queue-admin.ts';
import { toEntries, type QueueEntry } from './queue-entries.ts';
import { withLiveWaits } from './queue-list.ts';
import { stillWaiting, type StillWaiting } from './queue-still-waiting.ts';
import { filterArgs, findMessage, isEmptyFilter, resolveFilter } from './queue-selection.ts';
import { ADMINISTRATOR_HELD, RETURN_ORDERED } from './queue-why-text.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

const NOTE_CHARS_MAX = 200;
export const selectionArgs = { ids: z.array(z.string().min(1)).optional(), all: z.boolean().optional(), ...filterArgs };
const orderArgs = z.strictObject({
  ...selectionArgs,
  dryRun: z.boolean().optional(),
  /** Why, in the administrator's words; for `bounce` the sender reads it. */
  note: z.string().regex(/^[^\p{Cc}]*$/u, { error: () => 'must be one line' }).max(NOTE_CHARS_MAX).optional(),
});
type OrderArgs = z.infer<typeof orderArgs>;

/** How many messages and recipients an order changed, or would change. */
export interface QueueChange {
  readonly messages: number;
  readonly recipients: number;
  readonly dryRun?: true;
  /** With `dryRun`: the first few. */
  readonly sample?: readonly QueueEntry[];
  /** With `dryRun`: the server's time, milliseconds since 1970. */
  readonly now?: number;
  /** As ResolvedFilter.unknownSites. */
  readonly unknownSites?: number;
  /** Of an order to send: those that wait all the same, by reason; of the first 1,000 recipients. */
  readonly stillWaiting?: readonly StillWaiting[];
}

interface OrderVerb<Args extends OrderArgs> {
  readonly name: string;
  readonly summary: string;
  /** Only recipients in this state; default: all that wait. */
  readonly state?: 'queued' | 'held';
  readonly make: (now: number, args: Args) => BulkOrder;
  /** They are to go now: what keeps them all the same is told. */
  readonly sends?: true;
}

const told = (name: MessageEventName, data: Readonly<Record<string, unknown>> = {}) => ({ name, data: { by: 'administrator', ...data } });

const retry = orderVerb({
  name: 'retry',
  summary: 'Tries waiting recipients again now.',
  state: 'queued',
  sends: true,
  make: (now) => ({ state: 'queued', nextAttemptAt: now, event: told(MESSAGE_EVENTS.retried) }),
});

const hold = orderVerb({
  name: 'hold',
  summary: 'Keeps waiting recipients from being tried.',
  state: 'queued',
  make: (_now, { note }) => ({
    state: 'held',
    reason: `${ADMINISTRATOR_HELD}${note === undefined ? '' : `: ${note}`}; \`posthorn queue release\` lets it go.`,
    event: told(MESSAGE_EVENTS.held, note === undefined ? {} : { note }),
  }),
});

const release = orderVerb({
  name: 'release',
  summary: 'Lets held recipients go, at once.',
  state: 'held',
  sends: true,
  make: (now) => ({ state: 'queued', nextAttemptAt: now, reason: 'An administrator released it.', event: told(MESSAGE_EVENTS.released) }),
});

const bounce = orderVerb({
  name: 'bounce',
  summary: 'Returns messages to their senders.',
  make: (_now, { note }) => ({
    state: 'queued',
    nextAttemptAt: RETURN_ORDERED_AT,
    lastReply: returned(note),
    reason: RETURN_ORDERED,
  }),
});

const remove = orderVerb({
  name: 'delete',
  summary: 'Drops waiting recipients without telling anybody.',
  make: (_now, { note }) => ({ state: 'deleted', reason: `An administrator deleted it${note === undefined ? '' : `: ${note}`}.`, event: told(MESSAGE_EVENTS.deleted) }),
});

const rerouteArgs = orderArgs.extend({
  /** `mx`: by its MX records; `default`: as the router says; else a relay. */
  to: z.union([z.literal('mx'), z.literal('default'), z.strictObject({ host: z.string().min(1).max(255), port: z.number().int().min(1).max(65_535) })]),
});

const reroute = orderVerb(
  {
    name: 'reroute',
    summary: 'Sends waiting recipients another way: to a relay, by MX, or as configured again; tries them at once.',
    sends: true,
    make: (now, { to }) => ({
      nextAttemptAt: now,
      reroute: to === 'default' ? 'default' : to === 'mx' ? { kind: 'mx' } : { kind: 'relay', ...to },
      reason: `An administrator sent it another way: ${to === 'default' ? 'as configured' : to === 'mx' ? 'by its MX records' : `to the relay ${to.host}:${to.port}`}.`,
      event: told(MESSAGE_EVENTS.rerouted, { to: typeof to === 'string' ? to : `${to.host}:${to.port}` }),
    }),
  },
  rerouteArgs,
);

export const queueOrderVerbs = [retry, hold, release, bounce, remove, reroute] as const;

/** RFC 3463 §3.1, X.0.0 as nothing more is known than the administrator's will. */
function returned(note: string | undefined): Reply {
  return { code: 554, enhanced: '5.0.0', text: `returned by the administrator${note === undefined ? '' : `: ${note}`}` };
}

function orderVerb<Args extends OrderArgs = OrderArgs>(verb: OrderVerb<Args>, args: z.ZodType<Args> = orderArgs as unknown as z.ZodType<Args>) {
  return defineVerb({
    name: `queue.${verb.name}`,
    summary: verb.summary,
    args,
    run: async (context, given): Promise<QueueChange> => (given.ids ? orderByIds(context, verb, given) : orderByFilter(context, verb, given)),
  });
}

async function orderByFilter<Args extends OrderArgs>(context: ManageContext, verb: OrderVerb<Args>, args: Args): Promise<QueueChange> {
  if (!args.all && isEmptyFilter(args)) {
    throw new Failure('nothing-selected', 'say which messages: ids, a sender, recipient, domain, site, age or state, or all', { temporary: false });
  }
  if (verb.state && args.state && args.state !== verb.state) {
    throw new Failure('wrong-state', `${verb.name} is for recipients that are ${verb.state}; none of those is ${args.state}`, { temporary: false });
  }
  const { filter, ...unknown } = await resolveFilter(context, args);
  const narrowed = narrow(filter, verb.state);
  const { store, clock } = context;
  if (args.dryRun) return { ...(await rehearse(context, narrowed)), ...unknown };
  const change = { messages: 0, recipients: 0 };
  const followed: RecipientStanding[] = [];
  for await (const changed of store.queueAdmin.order(narrowed, verb.make(clock.now(), args))) {
    context.queue?.changed(changed);
    change.messages += messagesOf(changed);
    change.recipients += changed.length;
    if (followed.length < QUEUE_ADMIN_LIMITS.recipientsFollowed) followed.push(...changed);
  }
  return { ...change, ...unknown, ...(await leftWaiting(context, verb, followed)) };
}

/** Every id must be known before the first is touched. */
async function orderByIds<Args extends OrderArgs>(context: ManageContext, verb: OrderVerb<Args>, args: Args): Promise<QueueChange> {
  const { store, clock, queue } = context;
  const items = await Promise.all([...new Set(args.ids ?? [])].map((id) => findMessage(context, id)));
  const { filter } = await resolveFilter(context, args);
  const wanted = narrow(filter, verb.state);
  const ids = items.map(({ message }) => message.id);
  if (args.dryRun) {
    const pages = await Promise.all(ids.map((id) => store.queueAdmin.selectedOf(id, wanted)));
    const found = pages.filter((rows) => rows.length > 0);
    return { messages: found.length, recipients: found.flat().length, dryRun: true, now: clock.now(), sample: withLiveWaits(context, toEntries(found.slice(0, QUEUE_ADMIN_LIMITS.sampleMessages).flat())) };
  }
  const order = verb.make(clock.now(), args);
  const changed = (await Promise.all(ids.map((id) => store.queueAdmin.orderOne(id, wanted, order)))).flat();
  queue?.changed(changed);
  return { messages: messagesOf(changed), recipients: changed.length, ...(await leftWaiting(context, verb, changed)) };
}

async function leftWaiting(context: ManageContext, { sends }: { readonly sends?: true }, changed: readonly RecipientStanding[]): Promise<Pick<QueueChange, 'stillWaiting'>> {
  const waiting = sends ? await stillWaiting(context, changed) : [];
  return waiting.length > 0 ? { stillWaiting: waiting } : {};
}

/** How many messages they belong to. */
export function messagesOf(changed: readonly RecipientStanding[]): number {
  return new Set(changed.map(({ id }) => id)).size;
}

async function rehearse(context: ManageContext, filter: QueueFilter): Promise<QueueChange> {
  const { store, clock } = context;
  const total = await store.queueAdmin.count(filter);
  const { rows } = await store.queueAdmin.page(filter, QUEUE_ADMIN_LIMITS.sampleMessages);
  return { ...total, dryRun: true, now: clock.now(), sample: withLiveWaits(context, toEntries(rows)) };
}

function narrow(filter: QueueFilter, state: 'queued' | 'held' | undefined): QueueFilter {
  return state ? { ...filter, state } : filter;
}
