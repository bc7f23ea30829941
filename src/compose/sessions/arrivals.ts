/**
 * Messages that session threads have committed, on their way to the queue. Usually the queue takes them as they are told.
 *
 * What was committed before the queue had read the store at its start may be in both, the reading and the news; and of a
 * thread that died nobody knows what it did not tell any more. In both cases the rows in the store decide, not the news:
 * nothing is forgotten, and nothing that was delivered meanwhile is delivered again.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { SESSION_THREAD_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { laneOf } from '../../base/queue-id.ts';
import type { QueueId } from '../../contract/message.ts';
import type { QueueItem } from '../../contract/queue.ts';
import type { Queue } from '../../flow/queue/queue.ts';
import type { QueueClient } from '../../store/clients/queue.ts';

export interface ArrivalsPorts {
  readonly store: Pick<QueueClient, 'remember' | 'dueRows'>;
  readonly queue: Pick<Queue, 'admit'> & { readonly control: Pick<Queue['control'], 'refresh'> };
  readonly clock: Clock;
  readonly log: Log;
}

export class Arrivals {
  readonly #ports: ArrivalsPorts;
  /** Wall clock time at which the queue had read the store. */
  #readAt = Number.POSITIVE_INFINITY;
  #unsure: QueueId[] = [];
  readonly #timers = new Set<Timer>();
  #closed = false;

  constructor(ports: ArrivalsPorts) {
    this.#ports = ports;
  }

  take(arrived: readonly { readonly item: QueueItem; readonly content?: Buffer }[]): void {
    const sure: QueueItem[] = [];
    for (const { item, content } of arrived) {
      if (content) this.#ports.store.remember(item.message.contentDigest, content);
      if (item.message.queuedAt > this.#readAt) sure.push(item);
      else this.#unsure.push(item.message.id);
    }
    if (sure.length > 0) this.#ports.queue.admit(sure);
    if (Number.isFinite(this.#readAt)) this.#lookUpUnsure();
  }

  /** The queue has read all that was in the store. */
  readingEnded(): void {
    this.#readAt = this.#ports.clock.now();
    this.#lookUpUnsure();
  }

  /** A thread is gone that made the ids of this lane. */
  async threadLost(lane: string): Promise<void> {
    try {
      for await (const { ids } of this.#ports.store.dueRows()) {
        if (this.#closed) return;
        // A message has a row for each recipient, one behind the other.
        for (const [at, id] of ids.entries()) if (laneOf(id) === lane && id !== ids[at - 1]) this.#unsure.push(id);
        this.#lookUpUnsure();
      }
    } catch (error) {
      this.#ports.log.error('sessions.look-up-failed', { error: String(error) });
      this.#later(() => void this.threadLost(lane));
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
  }

  #lookUpUnsure(): void {
    const ids = this.#unsure;
    this.#unsure = [];
    for (let at = 0; at < ids.length; at += SESSION_THREAD_LIMITS.lookUpIdsMax) this.#lookUp(ids.slice(at, at + SESSION_THREAD_LIMITS.lookUpIdsMax));
  }

  #lookUp(ids: readonly QueueId[]): void {
    this.#ports.queue.control.refresh(ids).catch((error: unknown) => {
      this.#ports.log.error('sessions.look-up-failed', { messages: ids.length, error: String(error) });
      this.#later(() => this.#lookUp(ids));
    });
  }

  #later(again: () => void): void {
    if (this.#closed) return;
    const timer = this.#ports.clock.timer(SESSION_THREAD_LIMITS.lookUpAgainMs, () => {
      this.#timers.delete(timer);
      again();
    });
    this.#timers.add(timer);
  }
}
