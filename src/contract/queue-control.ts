/** What an administrator can do to a running queue, by id; the store has been changed already when these are called. */
import type { NewQueueItem } from './queue.ts';
import type { QueueId } from './message.ts';

export interface QueueControl {
  /** Durable when it resolves. The door for messages that the server itself makes. */
  enqueue(item: NewQueueItem): Promise<void>;
  /** Reads the rows of these messages again and puts them on or takes them off the due-index. */
  refresh(ids: readonly QueueId[]): Promise<void>;
  readonly size: { readonly recipients: number; readonly inFlight: number };
}
