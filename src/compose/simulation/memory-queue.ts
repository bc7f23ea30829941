/**
 * The queue's rows in memory, for simulations: the real scheduler runs on it as on the store, without a disk. Messages
 * that have met their fate are forgotten; what became of each recipient is told to `settled`.
 */
import { BufferSource } from '../../base/byte-source.ts';
import type { AgedMessages, AgedPlace, DueRows, NewQueueItem, QueueItem, QueueRecipient, QueueStore, Settlement } from '../../contract/queue.ts';

interface Row {
  item: QueueItem;
  /** Milliseconds since 1970 when the queue looks at its age. */
  watchAt: number;
}

/** Every simulated message has the same content. */
const CONTENT = new BufferSource(Buffer.from('Subject: simulated\r\n\r\n'));

export class MemoryQueue implements QueueStore {
  readonly #rows = new Map<string, Row>();
  readonly #settled: (item: QueueItem, settlement: Settlement) => void;

  constructor(settled: (item: QueueItem, settlement: Settlement) => void) {
    this.#settled = settled;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#rows.size;
  }

  async insert({ message, recipients }: NewQueueItem): Promise<void> {
    this.#rows.set(message.id, { item: { message, recipients }, watchAt: message.expiresAt });
  }

  async read(id: string): Promise<QueueItem | undefined> {
    return this.#rows.get(id)?.item;
  }

  async readMany(ids: readonly string[]): Promise<readonly QueueItem[]> {
    return ids.flatMap((id) => this.#rows.get(id)?.item ?? []);
  }

  async content(): Promise<BufferSource> {
    return CONTENT;
  }

  async settle(id: string, settlements: readonly Settlement[]): Promise<{ finished: boolean }> {
    const row = this.#rows.get(id);
    if (!row) return { finished: true };
    const byIndex = new Map(settlements.map((settlement) => [settlement.recipient, settlement]));
    const recipients = row.item.recipients.map((recipient): QueueRecipient => {
      const settlement = byIndex.get(recipient.index);
      return settlement ? { ...recipient, ...settlement, index: recipient.index } : recipient;
    });
    row.item = { message: row.item.message, recipients };
    for (const settlement of settlements) this.#settled(row.item, settlement);
    const finished = recipients.every(({ state }) => state !== 'queued' && state !== 'held');
    if (finished) this.#rows.delete(id);
    return { finished };
  }

  async *dueRows(): AsyncIterable<DueRows> {
    const ids: string[] = [];
    const positions: number[] = [];
    const times: number[] = [];
    for (const { item } of this.#rows.values()) {
      for (const { index, state, nextAttemptAt } of item.recipients) {
        if (state !== 'queued') continue;
        ids.push(item.message.id);
        positions.push(index);
        times.push(nextAttemptAt);
      }
    }
    yield { ids, positions, times };
  }

  async aged(now: number, limit: number, after?: AgedPlace): Promise<AgedMessages> {
    // All messages live equally long, so that rows stand in the order of their ages.
    const found: Row[] = [];
    let next: Row | undefined;
    for (const row of this.#rows.values()) {
      if (row.watchAt > now) {
        next = row;
        break;
      }
      if (after && (row.watchAt < after.watchAt || (row.watchAt === after.watchAt && row.item.message.id <= after.id))) continue;
      if (found.length < limit) found.push(row);
    }
    const last = found.at(-1);
    return {
      items: found.map(({ item }) => item),
      ...(last && found.length === limit ? { after: { watchAt: last.watchAt, id: last.item.message.id } } : {}),
      ...(next ? { nextAt: next.watchAt } : {}),
    };
  }
}
