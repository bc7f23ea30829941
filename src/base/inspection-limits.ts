/** Limits of the thread that reads what strangers sent to services of this server. The rules of base/limits.ts hold. */

/** The inspection thread (compose/inspection/). How long one report may take is said with the reports. */
export const INSPECTION_LIMITS = {
  /** Scoring one message, with all that it asks of the DNS and of web servers. */
  scoreMs: 180_000,
  /** Judging what one outgoing message says. Whoever asks waits less long. */
  contentMs: 10_000,
  /** One examination of the guard: this server, or some of its domains. */
  examineMs: 900_000,
  /** Under way at once; the others wait. */
  atOnceMax: 6,
  /** Outgoing messages besides: what strangers have read does not keep the places of users. */
  contentAtOnceMax: 4,
  /** Further ones are told to come later: mail stays in the queue. */
  waitingMax: 50,
  /** Of outgoing messages. Further ones are not judged. */
  contentWaitingMax: 200,
  /** Without work for so long the thread ends, and its memory is free again. */
  idleMs: 60_000,
  /** Memory of the thread for objects, MiB: what needs more ends the thread, not the server. */
  heapMib: 512,
} as const;
