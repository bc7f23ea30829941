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

/** One IMAP session. */
export const IMAP_LIMITS = {
  /** A command without its literals; RFC 7162 §4 asks for 8,192 at least, and clients name thousands of UIDs. */
  commandBytesMax: 128 * 1024,
  /** The same before log-in. */
  commandBeforeLoginBytesMax: 16 * 1024,
  /** A literal that is not a message. */
  literalBytesMax: 64 * 1024,
  /** All literals of a command that are not messages. */
  literalsBytesMax: 1024 * 1024,
  literalBeforeLoginBytesMax: 8 * 1024,
  literalsMax: 1000,
  /** Messages of one APPEND (RFC 3502). */
  appendMessagesMax: 1000,
  /** Refused literals that the client sends all the same are read and dropped up to here, then the session is ended. */
  discardBytesMax: 64 * 1024 * 1024,
  tagBytesMax: 256,
  nestingMax: 50,
  argumentsMax: 50_000,
  /** Ranges of a sequence set. */
  setRangesMax: 50_000,
  searchKeysMax: 2000,
  /** Commands in a row that could not be read, until the session is ended. */
  badCommandsMax: 50,
  badCommandsBeforeLoginMax: 10,
  loginAttemptsMax: 5,
  /** RFC 9051 §5.4: at least 30 minutes. */
  idleTimeoutMs: 31 * 60_000,
  /** The rest of a command that has begun, and continuations, must come by then. */
  commandTimeoutMs: 300_000,
  /** A command that runs for longer is told about with INPROGRESS (RFC 9585), so often. */
  progressEveryMs: 10_000,
  /** Output that is collected before it is handed to the socket. */
  batchBytes: 32 * 1024,
  /** Longer texts are literals, not quoted strings. */
  quotedBytesMax: 1000,
  metadataValueBytesMax: 64 * 1024,
  patternsMax: 100,
} as const;
