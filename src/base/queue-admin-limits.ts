/** Limits of what administrators do to the queue. The rules of base/limits.ts hold. */

/** Administrators at a long queue. */
export const QUEUE_ADMIN_LIMITS = {
  /** Waiting recipients that one call to the storage thread looks at, and that one changes: mail in transit waits so long. */
  recipientsPerPiece: 10_000,
  recipientsPerOrder: 2_500,
  /** That a piece of a long listing has: about as many kilobytes, which are made and sent at once. */
  recipientsPerText: 2_000,
  /** Of one answer: a piece and the rest of its last message. */
  recipientsListedMax: 20_000,
  /** Messages that are read and explained together: deliveries go on between two such groups. */
  explainedAtOnce: 100,
  /** Groups of a table by age; the rest is added up as one. */
  groupsMax: 20_000,
  /** Recipient domains whose site is asked of the router for one command, so many at once. */
  domainsRoutedMax: 2_000,
  routesAtOnce: 50,
  /** Rows shown of what an order would change. */
  sampleMessages: 5,
  /** After an order to send: recipients whose further wait is looked at, for so long at most, so often. */
  recipientsFollowed: 1_000,
  followMs: 1_000,
  followEveryMs: 25,
} as const;
