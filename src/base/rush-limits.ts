/** Limits of the rule that mail which comes in goes before mail that goes out. The rules of base/limits.ts hold. */

/** A rush (flow/queue/rush.ts): mail comes in faster than this machine can take it and deliver it at once. */
export const RUSH_LIMITS = {
  /** How often it is looked at whether there is one. */
  lookEveryMs: 100,
  /** Messages a second from which on there may be one. */
  messagesPerSecondMin: 200,
  /** Of the processors' time: with less to spare it begins, with more it is over. */
  idleToBegin: 0.15,
  idleToEnd: 0.5,
  /** How long deliveries wait in one piece; they go on for as long, or until nothing waits, before they wait again. */
  longestMs: 10_000,
  /** Who brought no more messages during the rush does not wait. */
  fewMessages: 100,
  /** Senders that are counted; further ones do not wait. */
  sendersMax: 10_000,
} as const;
