/**
 * Rows and routes of messages that stand in line, so that those whose turn comes soon are neither read nor routed twice.
 * Under a long backlog the oldest are dropped, and read again when their turn comes.
 */
import type { QueueId } from '../../contract/message.ts';
import type { QueueItem, RoutePlan } from '../../contract/queue.ts';

export interface RoutedItem {
  readonly item: QueueItem;
  /** By QueueRecipient.index. */
  readonly routes: ReadonlyMap<number, RoutePlan>;
}

export class RoutedItems {
  readonly #limit: number;
  readonly #items = new Map<QueueId, RoutedItem>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  put(item: QueueItem, routes: ReadonlyMap<number, RoutePlan>): void {
    const { id } = item.message;
    const known = this.#items.get(id);
    this.#items.set(id, { item, routes: known ? new Map([...known.routes, ...routes]) : routes });
    if (this.#items.size <= this.#limit) return;
    for (const oldest of this.#items.keys()) {
      this.#items.delete(oldest);
      return;
    }
  }

  get(id: QueueId): RoutedItem | undefined {
    return this.#items.get(id);
  }

  delete(id: QueueId): void {
    this.#items.delete(id);
  }
}
