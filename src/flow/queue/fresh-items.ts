/** Rows of messages that were committed a moment ago, so that their first attempt begins without reading them back. */
import type { QueueId } from '../../contract/message.ts';
import type { QueueItem } from '../../contract/queue.ts';

export class FreshItems {
  readonly #limit: number;
  readonly #items = new Map<QueueId, QueueItem>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The oldest goes when there are too many: under a backlog nothing here is used soon. */
  put(item: QueueItem): void {
    this.#items.set(item.message.id, { message: item.message, recipients: item.recipients });
    if (this.#items.size <= this.#limit) return;
    for (const oldest of this.#items.keys()) {
      this.#items.delete(oldest);
      return;
    }
  }

  take(id: QueueId): QueueItem | undefined {
    const item = this.#items.get(id);
    if (item) this.#items.delete(id);
    return item;
  }
}
