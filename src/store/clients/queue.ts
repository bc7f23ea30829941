/**
 * The durable queue as the program sees it: contract/queue.ts over the storage thread, plus what administrators ask.
 */
import { BufferSource, FileSource } from '../../base/byte-source.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { QueueId, Reply } from '../../contract/message.ts';
import type {
  AgedMessages, AgedPlace, DueRows, MailboxDeposit, MessageEvent, MessagesStanding, NewQueueItem, QueueItem, QueueStore,
  RecipientState, Settlement, SettleResult, WaitingFacts, QueueMessage, ScriptMemory,
} from '../../contract/queue.ts';
import type { Clock } from '../../base/clock.ts';
import { removeBodyFile, writeBodyFile } from '../body-files.ts';
import { bodyPath } from '../body-path.ts';
import { asBuffer, exactBytes } from '../call.ts';
import type { StoreCall } from '../call.ts';
import { ContentCache } from '../content-cache.ts';
import type { SpaceReserve } from '../free-space.ts';
import type { NewBody } from '../ops/bodies.ts';
import type { SettleArgs } from '../ops/queue.ts';
import { createTimeline } from './timeline.ts';
import { packDeposit, packEvents, packItem, packReply, packSettlement, unpackItem, unpackStanding } from './queue-rows.ts';

/** What is absent stays as it is. */
export interface QueueOrder {
  readonly state: 'queued' | 'held' | 'deleted';
  /** Milliseconds since 1970, or RETURN_ORDERED_AT together with the `lastReply` to return it with. */
  readonly nextAttemptAt?: number;
  readonly lastReply?: Reply;
  readonly reason?: string;
}

export interface QueueStateCount {
  readonly state: RecipientState;
  readonly recipients: number;
  /** Id of the oldest message with a recipient in this state. */
  readonly oldest: QueueId;
  /** Milliseconds since 1970, the earliest. */
  readonly nextAttemptAt: number;
}

export interface QueueClientOptions {
  readonly call: StoreCall;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly reserve: SpaceReserve;
  /** Default QUEUE_LIMITS.contentCacheBytesMax. */
  readonly contentCacheBytes?: number;
}

const SECONDS_PER_DAY = 86_400;

/** Of an item, what its body needs. */
interface Bodied {
  readonly message: Pick<QueueMessage, 'contentDigest'>;
  readonly content: ByteSource;
}

export class QueueClient implements QueueStore {
  readonly #call: StoreCall;
  readonly #dataDir: string;
  readonly #clock: Clock;
  readonly #reserve: SpaceReserve;
  readonly #cache: ContentCache;

  constructor(options: QueueClientOptions) {
    this.#call = options.call;
    this.#dataDir = options.dataDir;
    this.#clock = options.clock;
    this.#reserve = options.reserve;
    this.#cache = new ContentCache(options.contentCacheBytes ?? QUEUE_LIMITS.contentCacheBytesMax);
  }

  /** Rejects with Failure `store-full` already when the reserve of free disk is touched. */
  async insert(item: NewQueueItem): Promise<void> {
    const { followUps = [] } = item;
    const checking = this.#reserve.check(item.content.size);
    if (checking) await checking;
    try {
      await this.#withBodies([item, ...followUps], ([body, ...bodies]) => {
        const packed = packItem(item, body as NewBody);
        if (followUps.length === 0) return this.#call('queue.insert', packed);
        return this.#call('queue.insert', { ...packed, followUps: followUps.map((one, at) => packItem(one, bodies[at] as NewBody)) });
      });
    } catch (error) {
      // What is left of the reserve is for those who are in.
      if (error instanceof Failure && error.code === 'store-full') this.#reserve.noteFull();
      throw error;
    }
    for (const one of [item, ...followUps]) this.#remember(one);
  }

  /** Keeps a content at hand that another thread has stored. */
  remember(digest: string, bytes: Buffer): void {
    this.#cache.put(digest, bytes);
  }

  /** False when the reserve of free disk is touched: doors answer 452 without taking bytes. */
  hasSpace(): boolean {
    return this.#reserve.hasSpace();
  }

  async read(id: QueueId): Promise<QueueItem | undefined> {
    const rows = await this.#call('queue.read', id);
    return rows && unpackItem(rows);
  }

  async readMany(ids: readonly QueueId[]): Promise<readonly QueueItem[]> {
    return (await this.#call('queue.readMany', ids)).map(unpackItem);
  }

  waitingFacts(ids: readonly QueueId[]): Promise<WaitingFacts> {
    return this.#call('queue.facts', JSON.stringify(ids));
  }

  /** Of all recipients of these messages; for thousands of them. */
  async standing(ids: readonly QueueId[]): Promise<MessagesStanding> {
    const piece = await this.#call('queueAdmin.standing', ids);
    return { recipients: unpackStanding(piece), watchAt: piece.watchAt };
  }

  /** Rejects with Failure `body-missing` when no message has it any more. */
  async content(digest: string): Promise<ByteSource> {
    const cached = this.#cache.get(digest);
    if (cached) return new BufferSource(cached);
    const stored = await this.#call('bodies.read', digest);
    if (!stored) throw new Failure('body-missing', `the content ${digest} is not in the store any more`);
    if ('file' in stored) return new FileSource(bodyPath(this.#dataDir, stored.file), stored.sizeBytes);
    const bytes = asBuffer(stored.bytes);
    this.#cache.put(digest, bytes);
    return new BufferSource(bytes);
  }

  settle(
    id: QueueId, settlements: readonly Settlement[], deposits: readonly MailboxDeposit[], followUps: readonly NewQueueItem[],
    events: readonly MessageEvent[], delayNoticeDone = false, remember: readonly ScriptMemory[] = [],
  ): Promise<SettleResult> {
    return this.#settle(id, settlements, deposits, followUps, events, delayNoticeDone, remember);
  }

  /** An administrator's order for waiting recipients (QueueRecipient.index each); finished ones are left alone. */
  async order(id: QueueId, recipients: readonly number[], order: QueueOrder, events: readonly MessageEvent[]): Promise<SettleResult> {
    const atMs = this.#clock.now();
    return this.#call('queue.order', {
      id,
      atMs,
      positions: recipients,
      state: order.state,
      nextAttemptAt: order.nextAttemptAt ?? null,
      lastReply: packReply(order.lastReply),
      reason: order.reason ?? null,
      events: packEvents(events),
      doneEvents: packEvents([{ at: atMs, name: MESSAGE_EVENTS.done }]),
    });
  }

  waiting(): Promise<number> {
    return this.#call('queue.waiting', undefined);
  }

  async *dueRows(): AsyncIterable<DueRows> {
    let after = { id: '', position: 0 };
    for (;;) {
      const piece = await this.#call('queue.due', after);
      if (!piece) return;
      const ids = piece[0].split(' ');
      const [positions = [], times = [], setTimes = []] = [piece[1], piece[2], piece[3]].map((column) => column.split(' ').map(Number));
      yield { ids, positions, times, setTimes };
      after = { id: ids.at(-1) as string, position: positions.at(-1) as number };
    }
  }

  events(id: QueueId): Promise<readonly MessageEvent[]> {
    return createTimeline(this.#call).events(id);
  }

  async aged(now: number, limit: number, after: AgedPlace = { watchAt: Number.MIN_SAFE_INTEGER, id: '' }): Promise<AgedMessages> {
    const rows = await this.#call('queue.aged', { now, limit, after });
    return {
      items: rows.items.map(unpackItem),
      ...(rows.after ? { after: rows.after } : {}),
      ...(rows.nextAt === undefined ? {} : { nextAt: rows.nextAt }),
    };
  }

  stats(): Promise<readonly QueueStateCount[]> {
    return this.#call('queue.stats', undefined);
  }

  /** Removes the history of messages that finished before QUEUE_LIMITS.historyDays, in small transactions; returns how many. */
  async prune(batchMax: number): Promise<number> {
    const finishedBefore = this.#clock.now() - QUEUE_LIMITS.historyDays * SECONDS_PER_DAY * 1000;
    return this.#call('queue.prune', { finishedBefore, limit: batchMax });
  }

  async #settle(
    id: QueueId, settlements: readonly Settlement[], deposits: readonly MailboxDeposit[], followUps: readonly NewQueueItem[],
    events: readonly MessageEvent[], delayNoticeDone: boolean, remember: readonly ScriptMemory[],
  ): Promise<SettleResult> {
    const atMs = this.#clock.now();
    const own = deposits.flatMap(({ contentDigest, content }) => (content ? [{ message: { contentDigest }, content }] : []));
    const result = await this.#withBodies([...followUps, ...own], (bodies) => {
      const args: SettleArgs = {
        id,
        atMs,
        settlements: settlements.map(packSettlement),
        deposits: deposits.map(packDeposit),
        bodies: bodies.slice(followUps.length),
        remember,
        followUps: followUps.map((item, at) => packItem(item, bodies[at] as NewBody)),
        events: packEvents(events),
        doneEvents: packEvents([{ at: atMs, name: MESSAGE_EVENTS.done }]),
        delayNoticeDone,
      };
      return this.#call('queue.settle', args);
    });
    for (const item of followUps) this.#remember(item);
    return result;
  }

  /** Writes what is too large for a row into files first, and takes them away again when the commit fails. */
  async #withBodies<T>(items: readonly Bodied[], commit: (bodies: readonly NewBody[]) => Promise<T>): Promise<T> {
    const bodies: NewBody[] = [];
    try {
      for (const item of items) bodies.push(await this.#prepareBody(item));
      return await commit(bodies);
    } catch (error) {
      // A commit nobody answered for may have happened: then the row needs its file, and the next start sweeps if not.
      const unanswered = error instanceof Failure && error.code === 'store-failed';
      if (!unanswered) await Promise.all(bodies.map((body) => body.file && removeBodyFile(this.#dataDir, body.file)));
      throw error;
    }
  }

  async #prepareBody({ message, content }: Bodied): Promise<NewBody> {
    const common = { digest: message.contentDigest, sizeBytes: content.size };
    if (content.size > QUEUE_LIMITS.inlineContentBytesMax) {
      return { ...common, file: await writeBodyFile(this.#dataDir, message.contentDigest, content) };
    }
    return { ...common, bytes: exactBytes(content.inMemory ?? (await content.read())) };
  }

  #remember({ message, content }: NewQueueItem): void {
    if (content.inMemory) this.#cache.put(message.contentDigest, content.inMemory);
  }
}
