/**
 * From "due" to "in line": reads the rows of due recipients in batches, finds out where they go, and hands them on: to the
 * line of their site, or to delivery at once when they go no further than this machine.
 *
 * New messages come with their rows and do not wait behind the backlog; the backlog is read one batch after the other.
 * Neither waits long for routes that are not found: name servers that do not answer hold up their own messages only.
 */
import { hash } from 'node:crypto';
import type { Clock, Timer } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { QueueId } from '../../contract/message.ts';
import { RETURN_ORDERED_AT } from '../../contract/queue.ts';
import type { QueueItem, QueueMessage, QueueRecipient, QueueStore, Router, RoutePlan, WaitingFacts } from '../../contract/queue.ts';
import type { MxSite } from '../../contract/sending.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import { dueTime, dueTimeOf } from './due-time.ts';
import type { FreshItems } from './fresh-items.ts';
import { KnownWays } from './known-ways.ts';
import { plainSender } from './line.ts';
import type { LineEntry } from './lines.ts';
import { NONE } from './waiting-index.ts';
import type { WaitingIndex } from './waiting-index.ts';

export type RemoteRoute = Extract<RoutePlan, { kind: 'mx' | 'smarthost' }>;
export type NearRoute = Exclude<RoutePlan, RemoteRoute>;

export interface TakeUpOptions {
  readonly store: Pick<QueueStore, 'readMany' | 'waitingFacts'>;
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
  readonly index: WaitingIndex;
  readonly fresh: FreshItems;
  /** False while the backlog must wait: too much stands in line. */
  readonly hasRoom: () => boolean;
  /** So much stands in line that nothing is gained by haste. */
  readonly isAhead: () => boolean;
  /** The line of a site is long, or must wait: nothing is gained by reading who joins it. */
  readonly isLong: (siteKey: string) => boolean;
  readonly join: (slot: number, entry: LineEntry, queuedAt: number) => void;
  readonly toLine: (slot: number, item: QueueItem, routes: ReadonlyMap<number, RoutePlan>, entry: LineEntry) => void;
  readonly toNear: (slot: number, item: QueueItem, recipient: QueueRecipient, route: NearRoute) => void;
  /** Everything under way is told, so that it can be waited for. */
  readonly track: (work: Promise<void>) => void;
}

interface Live {
  readonly slot: number;
  readonly recipient: QueueRecipient;
}

/** Messages that were taken up together. */
interface Cohort {
  size: number;
}

/** When the store does not answer, a message is taken up again after this. */
const STORE_TROUBLE_WAIT_MS = 15_000;

/** Rest after a batch while enough stands in line, in times as long as it took: in a thread that does nothing else, and in one that is always busy. */
const REST_IDLE = 2;
const REST_BUSY = 10;
const REST_MS_MAX = 250;

export class TakeUp {
  readonly #options: TakeUpOptions;
  /** New messages being routed, of which nobody waited long yet. */
  #routing: Cohort = { size: 0 };
  #routingTimer: Timer | undefined;
  /** Whose routes are awaited longer than others wait for them. */
  readonly #late = new Set<Cohort>();
  #reading = false;
  readonly #ways: KnownWays;
  #utilization = performance.eventLoopUtilization();

  constructor(options: TakeUpOptions) {
    this.#options = options;
    this.#ways = new KnownWays(options.clock);
  }

  /** Begins as much as may begin now. */
  run(): void {
    while (this.#routing.size < QUEUE_LIMITS.takeUpsMax) {
      const item = this.#options.fresh.takeFirst();
      if (!item) break;
      const slots = this.#takeDue(item.message.id, this.#options.clock.now());
      if (slots.length === 0) continue;
      this.#join(this.#routing, this.#handOn(item, slots));
    }
    if (this.#routing.size >= QUEUE_LIMITS.takeUpsMax && !this.#routingTimer) {
      this.#routingTimer = this.#options.clock.timer(QUEUE_LIMITS.routePatienceMs, () => this.#loseRoutingPatience());
    }
    if (!this.#reading && this.#options.hasRoom()) this.#readBacklog();
  }

  #join(cohort: Cohort, work: Promise<void>): void {
    cohort.size += 1;
    const end = (): void => {
      cohort.size -= 1;
      if (cohort.size === 0) this.#late.delete(cohort);
    };
    this.#options.track(work.finally(end));
  }

  #loseRoutingPatience(): void {
    this.#routingTimer = undefined;
    if (!this.#mayBeLate(this.#routing)) return;
    this.#routing = { size: 0 };
    // What is tracked goes on with the queue when it ends.
    this.#options.track(Promise.resolve());
  }

  /** Others no longer wait for these; false when too many are late already. */
  #mayBeLate(cohort: Cohort): boolean {
    const late = [...this.#late].reduce((sum, { size }) => sum + size, 0);
    if (late + cohort.size > QUEUE_LIMITS.lateRoutesMax) return false;
    if (cohort.size > 0) this.#late.add(cohort);
    return true;
  }

  /** Where a recipient goes. Never rejects. */
  async route(item: QueueItem, recipient: QueueRecipient): Promise<RoutePlan> {
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

  #readBacklog(): void {
    const { index, clock } = this.#options;
    const now = clock.now();
    const batch = new Map<QueueId, number[]>();
    const most = this.#options.isAhead() ? QUEUE_LIMITS.takeUpBatchAhead : QUEUE_LIMITS.takeUpBatch;
    while (batch.size < most) {
      const slot = index.takeDue(now);
      if (slot === NONE) break;
      const id = index.idOf(slot);
      batch.set(id, this.#takeDue(id, now, [slot]));
    }
    if (batch.size === 0) return;
    this.#reading = true;
    this.#options.track(this.#takeUpBatch(batch).finally(() => void (this.#reading = false)));
  }

  async #takeUpBatch(all: ReadonlyMap<QueueId, readonly number[]>): Promise<void> {
    const startedAt = this.#options.clock.monotonic();
    const unread = [...(this.#options.isAhead() ? await this.#joinUnread(all) : all)];
    for (let from = 0; from < unread.length; from += QUEUE_LIMITS.takeUpBatch) {
      await this.#readAndRoute(new Map(unread.slice(from, from + QUEUE_LIMITS.takeUpBatch)));
    }
    // Deliveries and new mail want the same store and the same processor.
    if (this.#options.isAhead()) await this.#rest((this.#options.clock.monotonic() - startedAt) * this.#restFactor());
  }

  /** The share of real time since the last rest in which this thread was busy says how much others want it. */
  #restFactor(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization);
    this.#utilization = now;
    return REST_IDLE + (REST_BUSY - REST_IDLE) * utilization;
  }

  async #readAndRoute(batch: ReadonlyMap<QueueId, readonly number[]>): Promise<void> {
    const items = await this.#read(batch);
    if (!items) return;
    const found = new Map(items.map((item) => [item.message.id, item]));
    const work = [...batch].map(([id, slots]) => this.#handOn(found.get(id), slots));
    const cohort: Cohort = { size: 0 };
    for (const one of work) this.#join(cohort, one);
    const all = Promise.all(work);
    await this.#atMost(QUEUE_LIMITS.routePatienceMs, all);
    if (!this.#mayBeLate(cohort)) await all;
  }

  /** Returns those that must be read: their line is short, or is not known. */
  async #joinUnread(batch: ReadonlyMap<QueueId, readonly number[]>): Promise<ReadonlyMap<QueueId, readonly number[]>> {
    const { store, log, fresh } = this.#options;
    const facts = await store.waitingFacts?.([...batch.keys()]).catch((error: unknown) => {
      log.error('queue.take-up-failed', { messages: batch.size, error: String(error) });
      return undefined;
    });
    if (!facts) return batch;
    const joined = this.#joinAll([...batch.values()], facts);
    const left = new Map<QueueId, readonly number[]>();
    for (const [at, [id, slots]] of [...batch].entries()) {
      // It is read when its turn comes; rows kept here would be those before its first attempt for ever.
      if (joined[at]) fresh.take(id);
      else left.set(id, slots);
    }
    return left;
  }

  /** Of each message all recipients or none. Returns 1 for those that have joined. */
  #joinAll(slotsOf: readonly (readonly number[])[], { kinds, kindOf, messages, positions, dueAt, dueSetAt, queuedAt }: WaitingFacts): Uint8Array {
    const { index, isLong, join, clock } = this.#options;
    const now = clock.now();
    const entries = kinds.map((kind) => {
      const entry = this.#ways.entryOf(kind);
      return entry && isLong(entry.site.key) ? entry : undefined;
    });
    const known = new Uint32Array(slotsOf.length);
    const slots = Int32Array.from(messages, (message, at) => {
      const isDue = dueAt[at] !== RETURN_ORDERED_AT && dueTime(dueAt[at] as number, dueSetAt[at] as number, now) <= now;
      const slot = isDue && entries[kindOf[at] as number] ? slotsOf[message]?.find((one) => index.positionOf(one) === positions[at]) : undefined;
      if (slot !== undefined) known[message] = (known[message] as number) + 1;
      return slot ?? NONE;
    });
    const joined = Uint8Array.from(slotsOf, ({ length }, message) => (known[message] === length ? 1 : 0));
    for (const [at, slot] of slots.entries()) {
      if (slot === NONE || !joined[messages[at] as number]) continue;
      if (index.wasTouched(slot)) index.sleep(slot, now);
      else join(slot, entries[kindOf[at] as number] as LineEntry, queuedAt[at] as number);
    }
    return joined;
  }

  async #atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
    let timer: Timer | undefined;
    await Promise.race([work, new Promise<void>((resolve) => (timer = this.#options.clock.timer(limitMs, resolve)))]);
    timer?.cancel();
  }

  #rest(forMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.timer(Math.min(forMs, REST_MS_MAX), resolve));
  }

  /** Undefined when the store does not answer: they sleep a little longer. */
  async #read(batch: ReadonlyMap<QueueId, readonly number[]>): Promise<readonly QueueItem[] | undefined> {
    const { store, index, clock, log, fresh } = this.#options;
    const known = [...batch.keys()].flatMap((id) => fresh.take(id) ?? []);
    const skip = new Set(known.map(({ message }) => message.id));
    try {
      return [...known, ...(await store.readMany([...batch.keys()].filter((id) => !skip.has(id))))];
    } catch (error) {
      log.error('queue.take-up-failed', { messages: batch.size, error: String(error) });
      for (const slots of batch.values()) for (const slot of slots) index.sleep(slot, clock.now() + STORE_TROUBLE_WAIT_MS);
      return undefined;
    }
  }

  /** The sleeping recipients of a message that are due, behind those that are `taken` already. */
  #takeDue(id: QueueId, now: number, taken: number[] = []): number[] {
    const { index } = this.#options;
    for (let slot = index.first(id); slot !== NONE; slot = index.sibling(slot)) {
      if (!index.isSleeping(slot) || index.timeOf(slot) > now) continue;
      index.take(slot);
      taken.push(slot);
    }
    return taken;
  }

  /** No item: the message is gone. */
  async #handOn(item: QueueItem | undefined, slots: readonly number[]): Promise<void> {
    const live = this.#live(item?.recipients ?? [], slots);
    if (!item || live.length === 0) return;
    const { message } = item;
    this.#options.log.info(LOG_EVENTS.queueActive, { id: message.id, from: message.sender, sizeBytes: message.sizeBytes, recipients: live.length });
    const plans = await Promise.all(live.map(({ recipient }) => this.route(item, recipient)));
    const routes = new Map(plans.map((plan, at) => [(live[at] as Live).recipient.index, plan]));
    for (const [at, { slot, recipient }] of live.entries()) {
      const plan = plans[at] as RoutePlan;
      // Ordered about while the name servers were asked.
      if (this.#options.index.wasTouched(slot)) this.#options.index.sleep(slot, this.#options.clock.now());
      else if (plan.kind !== 'mx' && plan.kind !== 'smarthost') this.#options.toNear(slot, item, recipient, plan);
      else {
        const entry = lineEntry(message, recipient, plan);
        this.#ways.note(message, recipient, entry);
        this.#options.toLine(slot, item, routes, entry);
      }
    }
  }

  /** Of taken slots those whose rows say that they are to be tried now; the others go where their rows say. */
  #live(recipients: readonly QueueRecipient[], slots: readonly number[]): Live[] {
    const { index, clock } = this.#options;
    const now = clock.now();
    const byIndex = new Map(recipients.map((recipient) => [recipient.index, recipient]));
    return slots.flatMap((slot) => {
      const recipient = byIndex.get(index.positionOf(slot));
      if (index.wasTouched(slot)) index.sleep(slot, now);
      else if (recipient?.state !== 'queued') index.remove(slot);
      else if (dueTimeOf(recipient, now) <= now) return [{ slot, recipient }];
      else index.sleep(slot, dueTimeOf(recipient, now));
      return [];
    });
  }
}

export function siteOf(route: RemoteRoute): MxSite {
  return route.site ?? { key: route.key, title: route.kind === 'mx' ? route.domain : route.host };
}

export function lineEntry(message: QueueMessage, recipient: QueueRecipient, route: RemoteRoute): LineEntry {
  const { account } = message.origin;
  return {
    site: siteOf(route),
    stream: message.stream ?? 'transactional',
    sender: plainSender(message.sender),
    ...(account === undefined ? {} : { account }),
    dkimDomain: message.dkimDomain ?? '',
    route: numberOf(routeName(route, recipient)),
  };
}

/** Recipients of one message with the same name share a transaction. */
export function routeName(route: RemoteRoute, recipient: QueueRecipient): string {
  return `${route.key} ${recipient.reversePath ?? ''}`;
}

function numberOf(name: string): number {
  return Number.parseInt(hash('sha1', name).slice(0, 8), 16);
}
