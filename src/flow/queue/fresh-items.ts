/**
 * Rows of messages that were committed a moment ago, first come first served: their first attempt begins without reading
 * them back, and does not wait behind the backlog. Those that shall wait (rush.ts) stand with the backlog, but need not be
 * read back either.
 */
import type { QueueId } from '../../contract/message.ts';
import type { QueueItem } from '../../contract/queue.ts';

export class FreshItems {
  readonly #limit: number;
  readonly #items = new Map<QueueId, QueueItem>();
  readonly #waiting = new Map<QueueId, QueueItem>();

  /** `limit` of each kind. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** With too many of them this one is read again when its time comes. */
  put({ message, recipients }: QueueItem, mustWait: boolean): void {
    // Held before its first attempt: nobody takes it up, and what became of it meanwhile only the store knows.
    if (!recipients.some(({ state }) => state === 'queued')) return;
    const items = mustWait ? this.#waiting : this.#items;
    if (items.size < this.#limit) items.set(message.id, { message, recipients });
  }

  take(id: QueueId): QueueItem | undefined {
    const items = this.#items.has(id) ? this.#items : this.#waiting;
    const item = items.get(id);
    if (item) items.delete(id);
    return item;
  }

  /** It need not stand with the backlog. */
  goesAtOnce(id: QueueId): boolean {
    return this.#items.has(id);
  }

  /** The one that waits longest of those that need not stand with the backlog. */
  takeFirst(): QueueItem | undefined {
    for (const id of this.#items.keys()) return this.take(id);
    return undefined;
  }
}
