/**
 * Rows of messages that were committed a moment ago, first come first served: their first attempt begins without reading
 * them back, and does not wait behind the backlog.
 */
import type { QueueId } from '../../contract/message.ts';
import type { QueueItem } from '../../contract/queue.ts';

export class FreshItems {
  readonly #limit: number;
  readonly #items = new Map<QueueId, QueueItem>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** With too many of them this one is read again when its time comes. */
  put(item: QueueItem): void {
    if (this.#items.size < this.#limit) this.#items.set(item.message.id, { message: item.message, recipients: item.recipients });
  }

  take(id: QueueId): QueueItem | undefined {
    const item = this.#items.get(id);
    if (item) this.#items.delete(id);
    return item;
  }

  /** The one that waits longest. */
  takeFirst(): QueueItem | undefined {
    for (const id of this.#items.keys()) return this.take(id);
    return undefined;
  }
}
