/** Limits of what users read their mail with: IMAP, POP3, ManageSieve, and the folders behind them. The rules of base/limits.ts hold. */

/** Sessions of users, whichever protocol they speak. */
export const ACCESS_LIMITS = {
  /** Most sessions at a time, all protocols together. */
  connectionsMax: 10_000,
  /** Most sessions at a time of one account; mail programs open several for each device. */
  connectionsPerAccountMax: 100,
  /** Most sessions at a time from one address before log-in. */
  connectionsPerClientMax: 100,
  /** A session that has not logged in is ended. */
  loginDeadlineMs: 60_000,
} as const;
