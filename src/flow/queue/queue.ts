/**
 * The queue at work. Each recipient that waits has a slot in the index (waiting-index.ts), which is in one place at a time:
 *
 *   asleep until due ─► taken up: read, routed (take-up.ts) ─► in the line of its site (lines.ts) ─► delivered, settled (job.ts)
 *        ▲                          │ a mailbox here, undeliverable ─────────────────────────────────►        │
 *        └──────────────────────────┴── changed meanwhile, or tried again later ──────────────────────────────┘
 *
 * No polling: it wakes up when something is enqueued, when a delivery ends, when an administrator changed something, when
 * the shaper has room, and by one timer for the next time that matters. Whatever is under way is in memory only, so that a
 * crash leaves every recipient as the last commit says, and the next start takes it up from there. Ages are watched apart
 * (lifetime.ts).
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { QUEUE_LIMITS, STORE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { QueueId } from '../../contract/message.ts';
import type { LiveWait, LineNumbers, QueueControl } from '../../contract/queue-control.ts';
import type {
  Deliverer, Feedback, MessagesStanding, NewQueueItem, QueueItem, QueueMessage, QueueRecipient, QueueStore, RecipientStanding, Router,
} from '../../contract/queue.ts';
import type { Shaper } from '../../contract/shaper.ts';
import { watchJumps } from './clock-jumps.ts';
import type { ClockJumps } from './clock-jumps.ts';
import { Deliveries } from './deliveries.ts';
import { dueTime, dueTimeOf } from './due-time.ts';
import { explainWait, lineNumbers } from './explain-wait.ts';
import { FreshItems } from './fresh-items.ts';
import type { JobPorts } from './job.ts';
import { Lifetime } from './lifetime.ts';
import type { LifetimeFeedback } from './lifetime.ts';
import { Lines } from './lines.ts';
import { createOpenShaper } from './open-shaper.ts';
import { Places } from './places.ts';
import { RoutedItems } from './routed-items.ts';
import { Rush } from './rush.ts';
import type { ProcessorTimes } from './rush.ts';
import { siteOf, TakeUp } from './take-up.ts';
import { NONE, WaitingIndex } from './waiting-index.ts';

export interface QueueOptions {
  readonly store: QueueStore & {
    /** Removes old history, at most so many messages; returns how many. */
    prune?(batchMax: number): Promise<number>;
    /** As readMany, without what only a delivery needs. */
    standing?(ids: readonly QueueId[]): Promise<MessagesStanding>;
  };
  readonly router: Router;
  readonly deliverers: { readonly local: Deliverer; readonly remote: Deliverer };
  readonly feedback: Feedback & Pick<LifetimeFeedback, 'delayNotice'>;
  /** Default: nothing but a bound on the deliveries to one site. */
  readonly shaper?: Shaper;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Pick<Config, 'queue'>;
  /** In [0, 1), spreads retries. Default Math.random. */
  readonly random?: () => number;
  readonly onSettled?: JobPorts['onSettled'];
  /** How busy the processors are. Default: deliveries never wait until a rush is over. */
  readonly processorTimes?: () => ProcessorTimes;
  /** From which on messages join lines unread. Default QUEUE_LIMITS. */
  readonly lengths?: Readonly<Record<'longLine' | 'linedUpEnough', number>>;
}

export interface Queue {
  /** Durable when it resolves; rejects with a temporary Failure (`store-full`, `store-failed`). */
  enqueue(item: NewQueueItem): Promise<void>;
  /** Takes up messages that another thread has committed a moment ago; each is told once. */
  admit(items: readonly QueueItem[]): void;
  /** Reads what waits from the store; deliveries begin while it reads. Resolves when all is read. */
  start(): Promise<void>;
  /** Takes nothing new up, waits at most `drainMs` for deliveries under way, then tells them to stop. */
  stop(drainMs: number): Promise<void>;
  readonly control: QueueControl;
}

/** Messages whose rows are read again in one go. */
const REFRESH_BATCH = 1_000;

export function createQueue(options: QueueOptions): Queue {
  return new Scheduler(options);
}

class Scheduler implements Queue {
  readonly #options: QueueOptions;
  readonly #shaper: Shaper;
  readonly #index = new WaitingIndex();
  readonly #fresh = new FreshItems(QUEUE_LIMITS.freshItemsMax);
  readonly #routed = new RoutedItems(QUEUE_LIMITS.routedItemsMax);
  readonly #places: Places;
  readonly #lines: Lines;
  readonly #takeUp: TakeUp;
  readonly #deliveries: Deliveries;
  readonly #lifetime: Lifetime;
  readonly #jumps: ClockJumps;
  readonly #rush: Rush | undefined;
  readonly #work = new Set<Promise<void>>();
  #running = false;
  #pumping = false;
  #soon = false;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #pruneTimer: Timer | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    const { clock, log, store } = options;
    this.#shaper = options.shaper ?? createOpenShaper();
    this.#jumps = watchJumps(clock);
    const track = (work: Promise<void>): void => this.#track(work);
    const index = this.#index;
    this.#rush = options.processorTimes && new Rush(clock, {
      times: options.processorTimes, isBehind: () => this.#lines.waiting > 0 || index.nextDueAt <= clock.now(), onEnd: () => this.#pump(),
    });
    this.#places = new Places(clock, () => this.#pump());
    this.#lines = new Lines({ index, places: this.#places, shaper: this.#shaper, now: () => clock.now(), longLine: (options.lengths ?? QUEUE_LIMITS).longLine });
    this.#takeUp = new TakeUp({
      store, router: options.router, clock, log, index, fresh: this.#fresh, track,
      hasRoom: () => !this.#rush?.isOn && this.#deliveries.hasRoom && this.#makeRoomInLines(),
      isAhead: () => this.#lines.waiting >= (options.lengths ?? QUEUE_LIMITS).linedUpEnough,
      isLong: (siteKey) => this.#lines.isLong(siteKey),
      join: (slot, entry, queuedAt) => this.#lines.enter(slot, entry, queuedAt),
      toLine: (slot, item, routes, entry) => {
        this.#routed.put(item, routes);
        this.#lines.enter(slot, entry, item.message.queuedAt);
      },
      toNear: (slot, item, recipient, route) => track(this.#deliveries.near(slot, item, recipient, route)),
    });
    this.#deliveries = new Deliveries({
      ...options, track, jumps: this.#jumps, shaper: this.#shaper, index, lines: this.#lines, routed: this.#routed, takeUp: this.#takeUp,
      admit: (items) => this.admit(items),
      reread: (id) => track(this.#refresh([id])),
      canGoOn: () => this.#pumpSoon(),
    });
    this.#lifetime = new Lifetime({
      store, feedback: options.feedback, clock, jumps: this.#jumps, log, config: options.config,
      waitOf: ({ id }, { index: position }) => this.control.explainWait?.(id, position),
      claim: (message, recipient) => this.#claim(message, recipient),
      release: (message, recipient, done) => this.#release(message, recipient, done),
      admit: (items) => this.admit(items),
    });
    this.#shaper.onRoom((siteKey) => {
      this.#lines.room(siteKey);
      this.#pumpSoon();
    });
  }

  readonly control: QueueControl = (() => {
    const size = (): QueueControl['size'] => ({ recipients: this.#index.size, inFlight: this.#deliveries.inFlight });
    return {
      enqueue: (item: NewQueueItem) => this.enqueue(item),
      refresh: (ids: readonly QueueId[]) => this.#refresh(ids),
      changed: (recipients: readonly RecipientStanding[]) => this.#changed(recipients),
      explainWait: (id: QueueId, index: number): LiveWait | undefined =>
        explainWait({ index: this.#index, lines: this.#lines, shaper: this.#shaper, deliveries: this.#deliveries, rush: this.#rush, fresh: this.#fresh, now: this.#options.clock.now() }, id, index),
      siteOf: (id: QueueId, index: number) => this.#siteOf(id, index),
      lines: (limit: number): readonly LineNumbers[] => lineNumbers(this.#lines, limit),
      get size() {
        return size();
      },
    };
  })();

  async enqueue(item: NewQueueItem): Promise<void> {
    await this.#options.store.insert(item);
    this.admit([item, ...(item.followUps ?? [])]);
  }

  admit(items: readonly QueueItem[]): void {
    for (const item of items) {
      this.#fresh.put(item, this.#rush?.mustWait(item.message) ?? false);
      this.#indexRows(item);
      this.#lifetime.note(item.message);
    }
    this.#pump();
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#pump();
    this.#schedulePrune();
    this.#index.reserve((await this.#options.store.waiting?.()) ?? 0);
    for await (const { ids, positions, times, setTimes } of this.#options.store.dueRows()) {
      const now = this.#options.clock.now();
      for (let at = 0; at < ids.length; at++) {
        const id = ids[at] as QueueId;
        // Enqueued while this was being read: known already.
        if (this.#index.slotOf(id, positions[at] as number) === NONE) this.#index.add(id, positions[at] as number, dueTime(times[at] as number, setTimes?.[at] ?? 0, now));
      }
      this.#pump();
      if (!this.#running) return;
    }
    this.#lifetime.start();
    this.#pump();
  }

  async stop(drainMs: number): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    this.#pruneTimer?.cancel();
    this.#rush?.close();
    this.#places.close();
    const ageing = this.#lifetime.stop();
    await this.#settled(drainMs);
    if (this.#work.size > 0) {
      this.#deliveries.abort(new Error('the server stops'));
      await this.#settled(QUEUE_LIMITS.abortGraceMs);
    }
    await ageing;
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

  /** No wait ends later, however wrong the clock was when it was written down. */
  #latest(): number {
    return this.#options.clock.now() + QUEUE_LIMITS.longestRetryWaitMs;
  }

  /** What the rows of a message say, into the index. Slots that are taken are told that they know old rows. */
  #indexRows({ message: { id }, recipients }: QueueItem): void {
    const now = this.#options.clock.now();
    for (const recipient of recipients) this.#indexRow(id, recipient.index, recipient.state === 'queued' ? dueTimeOf(recipient, now) : undefined);
  }

  /** `dueAt` absent: it is not queued. */
  #indexRow(id: QueueId, position: number, dueAt: number | undefined): void {
    const index = this.#index;
    const slot = index.slotOf(id, position);
    if (slot === NONE) {
      if (dueAt !== undefined) index.add(id, position, dueAt);
      return;
    }
    if (index.isTaken(slot)) {
      index.touch(slot);
      return;
    }
    this.#lines.leave(slot);
    if (dueAt === undefined) index.remove(slot);
    else index.sleep(slot, dueAt);
  }

  #pump(): void {
    // What begins here may end here, and must not begin anew inside of itself.
    if (!this.#running || this.#pumping) return;
    this.#pumping = true;
    try {
      this.#noticeJumps();
      if (this.#deliveries.canSettle) {
        this.#takeUp.run();
        this.#lines.run((turn) => this.#track(this.#deliveries.remote(turn)));
      }
    } finally {
      this.#pumping = false;
    }
    this.#arm();
  }

  /** After all that happens now, once. */
  #pumpSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      this.#pump();
    });
  }

  /** The wall clock was set: dates that were to come may be far away now. */
  #noticeJumps(): void {
    const wentBack = this.#jumps.wentBack();
    if (wentBack) {
      this.#index.wakeBy(this.#latest());
      this.#lines.room(undefined);
      this.#track(this.#plannedAnew());
    }
    if (wentBack || this.#jumps.graceLeftMs() > 0) this.#lifetime.clockSet();
  }

  /** Who sleeps until a time that was written down while the clock was ahead is due now: only the rows know who. */
  async #plannedAnew(): Promise<void> {
    const index = this.#index;
    for await (const { ids, positions, times, setTimes } of this.#options.store.dueRows()) {
      if (!this.#running) return;
      const now = this.#options.clock.now();
      for (let at = 0; at < ids.length; at++) {
        const slot = index.slotOf(ids[at] as QueueId, positions[at] as number);
        if (slot !== NONE && index.isSleeping(slot)) index.sleep(slot, dueTime(times[at] as number, setTimes?.[at] ?? 0, now));
      }
    }
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
    const at = this.#running ? Math.min(this.#index.nextDueAt, this.#lines.nextWakeAt) : Number.POSITIVE_INFINITY;
    if (at === this.#timerAt && this.#timer) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    const now = this.#options.clock.now();
    // Due already: there is no room, and the end of what has it wakes us up.
    if (at <= now) return;
    this.#timer = this.#options.clock.timer(Math.min(at - now, QUEUE_LIMITS.longestNapMs), () => {
      this.#timer = undefined;
      this.#pump();
    });
  }

  /** Lines that wait for a time go to sleep when there are too many. */
  #makeRoomInLines(): boolean {
    if (this.#lines.count < QUEUE_LIMITS.linesMax) return true;
    this.#lines.dissolve((slot, until) => this.#index.sleep(slot, Math.min(until, this.#latest())));
    return this.#lines.count < QUEUE_LIMITS.linesMax;
  }

  #claim({ id }: QueueMessage, { index: position }: QueueRecipient): boolean {
    const slot = this.#index.slotOf(id, position);
    if (slot === NONE || this.#index.isTaken(slot)) return false;
    this.#lines.leave(slot);
    this.#index.take(slot);
    return true;
  }

  #release({ id }: QueueMessage, { index: position }: QueueRecipient, done: boolean): void {
    const slot = this.#index.slotOf(id, position);
    if (done) this.#index.remove(slot);
    else this.#index.sleep(slot, this.#options.clock.now() + QUEUE_LIMITS.agedAgainMs);
    this.#forgetRows(id);
  }

  #changed(recipients: readonly RecipientStanding[]): void {
    for (const { id } of recipients) this.#forgetRows(id);
    this.#indexStanding(recipients);
    this.#pump();
  }

  #forgetRows(id: QueueId): void {
    this.#fresh.take(id);
    this.#routed.delete(id);
  }

  #indexStanding(recipients: readonly RecipientStanding[]): void {
    const now = this.#options.clock.now();
    for (const { id, index, dueAt, dueSetAt = 0 } of recipients) this.#indexRow(id, index, dueAt === undefined ? undefined : dueTime(dueAt, dueSetAt, now));
  }

  async #refresh(ids: readonly QueueId[]): Promise<void> {
    for (let at = 0; at < ids.length; at += REFRESH_BATCH) {
      const batch = ids.slice(at, at + REFRESH_BATCH);
      for (const id of batch) this.#forgetRows(id);
      await this.#refreshBatch(batch);
    }
    this.#pump();
  }

  async #refreshBatch(ids: readonly QueueId[]): Promise<void> {
    const { store } = this.#options;
    if (store.standing) {
      const { recipients, watchAt } = await store.standing(ids);
      this.#indexStanding(recipients);
      this.#lifetime.noteTime(watchAt);
      return;
    }
    for (const item of await store.readMany(ids)) {
      this.#indexRows(item);
      this.#lifetime.note(item.message);
    }
  }

  async #siteOf(id: QueueId, position: number): Promise<string | undefined> {
    const sender = this.#lines.senderOf(this.#index.slotOf(id, position));
    if (sender) return sender.line.site.key;
    const item = await this.#options.store.read(id);
    const recipient = item?.recipients.find(({ index }) => index === position);
    if (!item || !recipient) return undefined;
    const route = await this.#takeUp.route(item, recipient);
    return route.kind === 'mx' || route.kind === 'smarthost' ? siteOf(route).key : route.kind;
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
    do removed = await prune.call(this.#options.store, STORE_LIMITS.pruneBatchMax);
    while (removed > 0 && this.#running);
  }
}
