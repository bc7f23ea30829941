/**
 * The queue at work: what is due is read, routed, delivered and settled; what comes next is known from the due-index.
 *
 * No polling: it wakes up when something is enqueued, when a delivery ends, when an administrator changed something,
 * and by one timer for the next due time. Leases are in memory only, so that a crash leaves every recipient as the last
 * commit says, and the next start takes it up from there.
 *
 * Limits: QUEUE_LIMITS.deliveriesInFlightMax jobs at once, deliveriesPerDestinationMax towards one RoutePlan.key.
 */
import { BufferSource } from '../../base/byte-source.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Config } from '../../config/config.ts';
import type { QueueId } from '../../contract/message.ts';
import type { QueueControl } from '../../contract/queue-control.ts';
import { RETURN_ORDERED_AT } from '../../contract/queue.ts';
import type {
  Deliverer, DeliveryJob, Feedback, NewQueueItem, QueueItem, QueueMessage, QueueRecipient, QueueStore, Router, RoutePlan,
} from '../../contract/queue.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import { Destinations } from './destinations.ts';
import { DueIndex } from './due-index.ts';
import { FreshItems } from './fresh-items.ts';
import { runJob } from './job.ts';
import type { JobPorts, JobResult } from './job.ts';
import { retryWaitMs } from './retry.ts';
import { stored } from './settlement.ts';

export interface QueueOptions {
  readonly store: QueueStore & {
    /** Removes old history, at most so many messages; returns how many. */
    prune?(batchMax: number): Promise<number>;
  };
  readonly router: Router;
  readonly deliverers: { readonly local: Deliverer; readonly remote: Deliverer };
  readonly feedback: Feedback;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Pick<Config, 'queue'>;
  /** In [0, 1), spreads retries. Default Math.random. */
  readonly random?: () => number;
  readonly onSettled?: JobPorts['onSettled'];
}

export interface Queue {
  /** Durable when it resolves; rejects with a temporary Failure (`store-full`, `store-failed`). */
  enqueue(item: NewQueueItem): Promise<void>;
  /** Takes up messages that another thread has committed a moment ago; each is told once. */
  admit(items: readonly QueueItem[]): void;
  /** Reads the due-index from the store; deliveries begin while it reads. Resolves when all is read. */
  start(): Promise<void>;
  /** Takes nothing new up, waits at most `drainMs` for deliveries under way, then tells them to stop. */
  stop(drainMs: number): Promise<void>;
  readonly control: QueueControl;
}

interface DueRow {
  readonly id: QueueId;
  readonly index: number;
  readonly nextAttemptAt: number;
}

/** When the store does not answer, a message is taken up again after this. */
const STORE_TROUBLE_WAIT_MS = 15_000;

/** A message with recipients in delivery: its rows as last committed. */
interface Active {
  item: QueueItem;
  /** QueueRecipient.index of those in delivery. */
  readonly busy: Set<number>;
}

interface Group {
  readonly route: RoutePlan;
  readonly recipients: QueueRecipient[];
}

export function createQueue(options: QueueOptions): Queue {
  return new Scheduler(options);
}

class Scheduler implements Queue {
  readonly #options: QueueOptions;
  readonly #ports: JobPorts;
  readonly #due = new DueIndex();
  readonly #fresh = new FreshItems(QUEUE_LIMITS.freshItemsMax);
  readonly #active = new Map<QueueId, Active>();
  readonly #destinations = new Destinations({ placesOf });
  /** Keys that called a message out of their line. */
  readonly #calledBy = new Map<QueueId, Set<string>>();
  /** Recipients that stand in some line; only of messages with several, which may be taken up while one waits. */
  readonly #inLine = new Map<QueueId, Set<number>>();
  readonly #places = new Semaphore(QUEUE_LIMITS.deliveriesInFlightMax);
  readonly #work = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  /**
   * Messages being read and routed, and whether they became due once more meanwhile. One take-up of a message at a time:
   * rows that were read while another one delivered would be stale.
   */
  readonly #takeUps = new Map<QueueId, 'once' | 'again'>();
  #jobs = 0;
  /** Recipients whose delivery is under way. */
  #inDelivery = 0;
  #running = false;
  #timer: Timer | undefined;
  #timerDueAt = Number.POSITIVE_INFINITY;
  #pruneTimer: Timer | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    const { retryMinMs, retryMaxMs, onBlock } = options.config.queue;
    this.#ports = { ...options, policy: { retryMinMs, retryMaxMs, ...(onBlock && { onBlock }) }, random: options.random ?? Math.random };
  }

  readonly control: QueueControl = (() => {
    // Of messages that are being read or stand in line only their number is known: the sum is a lower bound.
    const recipients = (): number => this.#due.recipientCount + this.#takeUps.size + this.#destinations.waiting + this.#inDelivery;
    const inFlight = (): number => this.#inDelivery;
    return {
      enqueue: (item: NewQueueItem) => this.enqueue(item),
      refresh: (ids: readonly QueueId[]) => this.#refresh(ids),
      get size() {
        return { recipients: recipients(), inFlight: inFlight() };
      },
    };
  })();

  async enqueue(item: NewQueueItem): Promise<void> {
    await this.#options.store.insert(item);
    this.admit([item, ...(item.followUps ?? [])]);
  }

  admit(items: readonly QueueItem[]): void {
    for (const item of items) this.#admit(item);
    this.#pump();
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#pump();
    this.#schedulePrune();
    let carried: DueRow[] = [];
    for await (const { ids, positions, times } of this.#options.store.dueRows()) {
      const rows = ids.map((id, at) => ({ id, index: positions[at] as number, nextAttemptAt: times[at] as number }));
      carried = this.#indexRows([...carried, ...rows]);
      this.#pump();
      if (!this.#running) return;
    }
    this.#indexRows(carried, true);
    this.#pump();
  }

  async stop(drainMs: number): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    this.#pruneTimer?.cancel();
    await this.#settled(drainMs);
    if (this.#work.size === 0) return;
    this.#abort.abort(new Error('the server stops'));
    await this.#settled(QUEUE_LIMITS.abortGraceMs);
  }

  /** Resolves when nothing is under way, or after `limitMs`. */
  async #settled(limitMs: number): Promise<void> {
    let timer: Timer | undefined;
    const limit = new Promise<void>((resolve) => (timer = this.#options.clock.timer(limitMs, resolve)));
    const idle = async (): Promise<void> => {
      while (this.#work.size > 0) await Promise.all(this.#work);
    };
    await Promise.race([idle(), limit]);
    timer?.cancel();
  }

  #admit(item: QueueItem): void {
    this.#fresh.put(item);
    this.#index(item, new Set());
  }

  /** Returns the rows of the last message, of which more may follow, unless it is the `end`. */
  #indexRows(rows: readonly DueRow[], end = false): DueRow[] {
    const lastId = end ? undefined : rows.at(-1)?.id;
    for (let at = 0; at < rows.length; ) {
      const { id } = rows[at] as DueRow;
      if (id === lastId) return rows.slice(at);
      let dueAt = Number.POSITIVE_INFINITY;
      const from = at;
      for (; rows[at]?.id === id; at++) dueAt = Math.min(dueAt, (rows[at] as DueRow).nextAttemptAt);
      // What is being delivered is indexed when that ends, by what it then knows.
      if (!this.#active.has(id)) this.#due.set(id, dueAt, at - from);
    }
    return [];
  }

  /** Puts the message on the index for its next due recipient that is not in delivery, or takes it off. */
  #index(item: QueueItem, busy: ReadonlySet<number>): void {
    const { id } = item.message;
    const inLine = this.#inLine.get(id);
    let dueAt = Number.POSITIVE_INFINITY;
    let waiting = 0;
    for (const { state, index, nextAttemptAt } of item.recipients) {
      if (state !== 'queued' || busy.has(index) || inLine?.has(index)) continue;
      waiting += 1;
      dueAt = Math.min(dueAt, nextAttemptAt);
    }
    if (waiting === 0) this.#due.delete(id);
    else this.#due.set(id, dueAt, waiting);
  }

  #pump(): void {
    while (this.#running && this.#takeUps.size < QUEUE_LIMITS.takeUpsMax && this.#jobs + this.#takeUps.size < QUEUE_LIMITS.deliveriesInFlightMax) {
      const id = this.#due.pop(this.#options.clock.now());
      if (id === undefined) break;
      if (this.#takeUps.has(id)) {
        this.#takeUps.set(id, 'again');
        continue;
      }
      this.#takeUps.set(id, 'once');
      this.#track(this.#takeUp(id).finally(() => this.#endTakeUp(id)));
    }
    this.#arm();
  }

  #endTakeUp(id: QueueId): void {
    if (this.#takeUps.get(id) === 'again') this.#due.set(id, this.#options.clock.now(), 1);
    this.#takeUps.delete(id);
  }

  /** Everything under way is known to stop(), and its end may make room for more. */
  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.#options.log.error('queue.bug', { error: error instanceof Error ? error.stack : String(error) }))
      .finally(() => {
        this.#work.delete(tracked);
        this.#pump();
      });
    this.#work.add(tracked);
  }

  #arm(): void {
    const dueAt = this.#running ? this.#due.nextDueAt : Number.POSITIVE_INFINITY;
    if (dueAt === this.#timerDueAt && this.#timer) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueAt = dueAt;
    if (dueAt === Number.POSITIVE_INFINITY) return;
    const now = this.#options.clock.now();
    // Due already: no place is free, and the end of what has it wakes us up.
    if (dueAt <= now) return;
    this.#timer = this.#options.clock.timer(Math.min(dueAt - now, QUEUE_LIMITS.longestNapMs), () => {
      this.#timer = undefined;
      this.#pump();
    });
  }

  async #takeUp(id: QueueId): Promise<void> {
    const calledBy = this.#calledBy.get(id);
    this.#calledBy.delete(id);
    try {
      const active = this.#active.get(id) ?? (await this.#load(id));
      if (active) await this.#dispatch(active);
    } catch (error) {
      this.#options.log.error('queue.take-up-failed', { id, error: String(error) });
      this.#due.set(id, this.#options.clock.now() + STORE_TROUBLE_WAIT_MS, 1);
    } finally {
      if (calledBy) {
        this.#destinations.forget(id, calledBy);
        for (const key of calledBy) this.#callNext(key);
      }
    }
  }

  async #load(id: QueueId): Promise<Active | undefined> {
    const item = this.#fresh.take(id) ?? (await this.#options.store.read(id));
    return item && { item, busy: new Set() };
  }

  /** Starts deliveries to the due recipients of a message, as far as their destinations have room. */
  async #dispatch(active: Active): Promise<void> {
    const { message } = active.item;
    const now = this.#options.clock.now();
    const due = active.item.recipients.filter(
      (recipient) => recipient.state === 'queued' && recipient.nextAttemptAt <= now && !active.busy.has(recipient.index),
    );
    for (const recipient of due) active.busy.add(recipient.index);
    this.#active.set(message.id, active);
    if (due.length > 0) {
      this.#options.log.info(LOG_EVENTS.queueActive, {
        id: message.id, from: message.sender, sizeBytes: message.sizeBytes, recipients: due.length,
      });
    }
    const inLine: number[] = [];
    for (const group of await this.#groups(active.item, due)) {
      if (this.#destinations.enter(group.route.key, message.id)) this.#startJob(active, group);
      else inLine.push(...group.recipients.map(({ index }) => index));
    }
    this.#leaveInLine(active, inLine);
  }

  /** Those in line are not on the index: their destination calls them. */
  #leaveInLine(active: Active, indices: readonly number[]): void {
    const { id } = active.item.message;
    if (indices.length > 0 && active.item.recipients.length > 1) {
      this.#inLine.set(id, new Set([...(this.#inLine.get(id) ?? []), ...indices]));
    }
    for (const index of indices) active.busy.delete(index);
    if (active.busy.size === 0) this.#active.delete(id);
    if (active.item.recipients.length > 1 || indices.length === 0) this.#index(active.item, active.busy);
  }

  /** One group per next hop; local mailboxes and undeliverable recipients each for themselves. */
  async #groups(item: QueueItem, recipients: readonly QueueRecipient[]): Promise<Iterable<Group>> {
    const routes = await Promise.all(recipients.map((recipient) => this.#route(item, recipient)));
    const groups = new Map<string, Group>();
    for (const [at, recipient] of recipients.entries()) {
      const route = routes[at] as RoutePlan;
      const alone = route.kind === 'local' || route.kind === 'undeliverable';
      const name = alone ? `${route.key} ${recipient.index}` : route.key;
      const group = groups.get(name);
      if (group) group.recipients.push(recipient);
      else groups.set(name, { route, recipients: [recipient] });
    }
    return groups.values();
  }

  async #route(item: QueueItem, recipient: QueueRecipient): Promise<RoutePlan> {
    if (recipient.nextAttemptAt === RETURN_ORDERED_AT && recipient.lastReply) {
      return { kind: 'undeliverable', key: 'undeliverable', reply: recipient.lastReply };
    }
    try {
      return await this.#options.router.route(item.message, recipient, item.recipients.length);
    } catch (error) {
      this.#options.log.error('queue.router-failed', { id: item.message.id, error: String(error) });
      return { kind: 'undeliverable', key: 'undeliverable', reply: { code: 451, enhanced: '4.3.0', text: 'the route could not be found out now' } };
    }
  }

  #startJob(active: Active, group: Group): void {
    this.#jobs += 1;
    this.#inDelivery += group.recipients.length;
    const { key } = group.route;
    const work = this.#places.run(() => this.#job(active, group)).finally(() => {
      this.#jobs -= 1;
      this.#inDelivery -= group.recipients.length;
      this.#destinations.leave(key);
      this.#callNext(key);
    });
    this.#track(work);
  }

  async #job(active: Active, group: Group): Promise<void> {
    const { message } = active.item;
    const indices = group.recipients.map(({ index }) => index);
    let result: JobResult | undefined;
    try {
      const [content, trouble] = await this.#content(message);
      // A drain that ended while this waited for its place or its content: it stays queued.
      if (this.#abort.signal.aborted) return;
      const job: DeliveryJob = { message, recipients: group.recipients, route: group.route, content, leasedAt: this.#options.clock.now() };
      result = await runJob(this.#ports, job, this.#abort.signal, trouble);
    } finally {
      this.#apply(active, indices, result);
      this.#release(active, indices);
    }
    for (const item of result?.followUps ?? []) this.#admit(item);
  }

  async #content(message: QueueMessage): Promise<[ByteSource, trouble?: string]> {
    try {
      return [await this.#options.store.content(message.contentDigest)];
    } catch (error) {
      this.#options.log.error('queue.content-failed', { id: message.id, error: String(error) });
      return [new BufferSource(Buffer.alloc(0)), 'the content of the message could not be read'];
    }
  }

  #apply(active: Active, indices: readonly number[], result: JobResult | undefined): void {
    const settled = new Map(result?.settled.map(({ settlement }) => [settlement.recipient, settlement]));
    const retryAt = this.#options.clock.now() + retryWaitMs(this.#ports.policy, 1, this.#ports.random());
    const recipients = active.item.recipients.map((recipient) => {
      if (!indices.includes(recipient.index)) return recipient;
      const settlement = settled.get(recipient.index);
      if (!settlement) return { ...recipient, nextAttemptAt: retryAt };
      // An order to hold that came during the attempt outlives a deferral, here as in the store.
      if (recipient.state !== 'queued' && settlement.state === 'queued') return recipient;
      return { ...recipient, ...stored(settlement) };
    });
    active.item = { message: active.item.message, recipients };
  }

  /** These recipients are no longer in delivery. */
  #release(active: Active, indices: readonly number[]): void {
    for (const index of indices) active.busy.delete(index);
    if (active.busy.size === 0) this.#active.delete(active.item.message.id);
    this.#index(active.item, active.busy);
  }

  /** Lets the next in line at a destination come for the places that are free. */
  #callNext(key: string): void {
    for (let id = this.#destinations.call(key); id !== undefined; id = this.#destinations.call(key)) {
      const keys = this.#calledBy.get(id) ?? new Set();
      this.#calledBy.set(id, keys.add(key));
      this.#inLine.delete(id);
      this.#due.set(id, RETURN_ORDERED_AT, 1);
    }
  }

  async #refresh(ids: readonly QueueId[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#refreshOne(id)));
    this.#pump();
  }

  async #refreshOne(id: QueueId): Promise<void> {
    this.#fresh.take(id);
    const item = await this.#options.store.read(id);
    const active = this.#active.get(id);
    if (active && item) active.item = item;
    if (item) this.#index(item, active?.busy ?? new Set());
    else this.#due.delete(id);
  }

  #schedulePrune(): void {
    this.#pruneTimer = this.#options.clock.timer(QUEUE_LIMITS.pruneEveryMs, () => {
      if (!this.#running) return;
      this.#track(this.#prune());
      this.#schedulePrune();
    });
  }

  /** In small transactions, so that mail in transit never waits for house-keeping. */
  async #prune(): Promise<void> {
    const { prune } = this.#options.store;
    if (!prune) return;
    let removed: number;
    do removed = await prune.call(this.#options.store, 500);
    while (removed > 0 && this.#running);
  }
}

/** Our own mailboxes are no peer that could be overrun. */
function placesOf(key: string): number {
  return key === 'local' || key === 'undeliverable' ? QUEUE_LIMITS.deliveriesInFlightMax : QUEUE_LIMITS.deliveriesPerDestinationMax;
}
