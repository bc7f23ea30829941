/** Limits of what the server does by itself now and then. The rules of base/limits.ts hold. */

export const CHORE_LIMITS = {
  /** After the start nothing runs sooner, so that a server that restarts again and again does not do its daily work each time. */
  firstMs: 60_000,
  /** A run that takes longer is aborted. */
  runMs: 3_600_000,
  /** What asks to run again soon waits at least this long. */
  againMsMin: 1000,
} as const;
