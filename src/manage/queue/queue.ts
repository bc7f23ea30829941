/** Verbs on the queue: look at it (queue-list, queue-stats), explain it (queue-why), and order what becomes of it (queue-orders). */
import { queueListVerbs } from './queue-list.ts';
import { queueOrderVerbs } from './queue-orders.ts';
import { queueStats } from './queue-stats.ts';
import { queueWhy } from './queue-why.ts';

export type { QueueEntry, QueueEntryRecipient } from './queue-entries.ts';
export type { QueueListing } from './queue-list.ts';
export type { QueueChange } from './queue-orders.ts';
export type { AgeRow, QueueStats } from './queue-stats.ts';
export type { QueueExplanation } from './queue-why.ts';

export const queueVerbs = [...queueListVerbs, queueWhy, ...queueOrderVerbs, queueStats] as const;
