/** What an administrator can do to a running queue, by id; the store has been changed already when these are called. */
import type { AttemptStep, NewQueueItem, RecipientStanding } from './queue.ts';
import type { QueueId } from './message.ts';
import type { Stream } from './sending.ts';

/** Why a recipient is not being delivered this moment, as the running queue and shaper know it. */
export interface LiveWait {
  readonly phase:
    | 'in-delivery'
    /** Being read and routed. */
    | 'taken-up'
    /** Others of its site, stream or sender have their turn first. */
    | 'in-line'
    /** The shaper lets nothing of its kind go now. */
    | 'shaped'
    /** Its next try is due later. */
    | 'scheduled';
  /** One sentence. */
  readonly reason: string;
  /** Of the shaper: as in Admission. */
  readonly rule?: string;
  /** Milliseconds since 1970. */
  readonly until?: number;
  /** MxSite.key. */
  readonly site?: string;
  /** In delivery to another server: what it waits for there. */
  readonly step?: AttemptStep;
  /** In delivery: milliseconds since 1970, when this attempt ends at the latest. */
  readonly endsBy?: number;
}

/** One line of the running queue. */
export interface LineNumbers {
  /** MxSite.key. */
  readonly site: string;
  readonly title: string;
  /** Recipients that stand in line. */
  readonly waiting: number;
  readonly byStream: Readonly<Record<Stream, number>>;
  readonly senders: number;
  /** Deliveries under way. */
  readonly inFlight: number;
  /** Of the first who were told to wait. */
  readonly reason?: string;
  readonly rule?: string;
  /** Milliseconds since 1970. */
  readonly until?: number;
}

export interface QueueControl {
  /** Durable when it resolves. The door for messages that the server itself makes. */
  enqueue(item: NewQueueItem): Promise<void>;
  /** Reads the rows of these messages again and puts them on or takes them off the due-index. Cheap for thousands. */
  refresh(ids: readonly QueueId[]): Promise<void>;
  /** The same for recipients that an order has just changed, whose rows are known: at once, in the order of the commits. */
  changed(recipients: readonly RecipientStanding[]): void;
  /** Undefined when the queue does not know the recipient (held, finished), or cannot say. */
  explainWait?(id: QueueId, index: number): LiveWait | undefined;
  /** MxSite.key where the router would send the recipient now; undefined when it is not known in time. */
  siteOf?(id: QueueId, index: number): Promise<string | undefined>;
  /** The longest lines, the longest first. */
  lines?(limit: number): readonly LineNumbers[];
  readonly size: { readonly recipients: number; readonly inFlight: number };
}
