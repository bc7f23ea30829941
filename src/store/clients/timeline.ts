/** The timelines of messages: what `trace` reads and every stage adds to. */
import type { QueueId } from '../../contract/message.ts';
import type { MessageEvent, QueueItem } from '../../contract/queue.ts';
import type { StoreCall } from '../call.ts';
import { packEvents, unpackItem } from './queue-rows.ts';

export interface Timeline {
  /** In the order in which they were written; empty for an unknown message. */
  events(id: QueueId): Promise<readonly MessageEvent[]>;
  /** `query` is a queue id, an address of the envelope, or a Message-ID; newest first, at most `limit`. */
  find(query: string, limit: number): Promise<readonly QueueItem[]>;
  /** Resolves after the synced commit. */
  append(id: QueueId, events: readonly MessageEvent[]): Promise<void>;
}

export function createTimeline(call: StoreCall): Timeline {
  return {
    events: async (id) => (await call('timeline.events', id)).flatMap((entries) => JSON.parse(entries) as MessageEvent[]),
    find: async (query, limit) => (await call('timeline.find', { query, limit })).map(unpackItem),
    append: async (id, events) => {
      const entries = packEvents(events);
      if (entries !== null) await call('timeline.append', { id, entries });
    },
  };
}
