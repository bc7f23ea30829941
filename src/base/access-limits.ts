/** Limits of what users read their mail with: IMAP, POP3, ManageSieve, and the folders behind them. The rules of base/limits.ts hold. */

/** Sessions of users, whichever protocol they speak. */
export const ACCESS_LIMITS = {
  /** Most sessions at a time, all protocols together. */
  connectionsMax: 10_000,
  /** Beyond them, those that are told why before they are closed. */
  connectionsLeavingMax: 200,
  /** Most sessions at a time of one account; mail programs open several for each device, and a shared mailbox may have an office full of them. */
  connectionsPerAccountMax: 1000,
  /** Most sessions at a time from one address before log-in. */
  connectionsPerClientMax: 100,
  /** A session that has not logged in is ended. */
  loginDeadlineMs: 60_000,
  /** How often it is looked whether what sessions logged in with still holds, and of how many at once it is asked. */
  standingCheckMs: 2_000,
  standingsAtOnce: 500,
  /** Failed log-ins until a session is ended; throttling (login/) goes over sessions. */
  loginAttemptsMax: 5,
  /** One line of a SASL exchange, in base64; tokens are long. */
  saslLineBytesMax: 16 * 1024,
  /** The header of a proxy must be there by then, and TLS negotiated. */
  proxyHeaderDeadlineMs: 5_000,
  tlsHandshakeDeadlineMs: 30_000,
  /** A client that reads nothing of what was written for it. */
  writeDeadlineMs: 300_000,
  /** Counted bytes (literals): a piece of this size must come within the deadline. */
  transferStepBytes: 16 * 1024,
  transferStepDeadlineMs: 120_000,
  /** From our last words until the client closes. */
  lingerMs: 5_000,
  /** Deadlines are looked at no more often than this. */
  deadlineGapMs: 250,
  /** Input that waits for the session, then no more is read. */
  inputBytesMax: 64 * 1024,
  /** The rest of a line that is too long is read and dropped up to here. */
  discardedLineBytesMax: 1024 * 1024,
  /** Output that is gathered before it is sent without being asked. */
  outputBatchBytes: 32 * 1024,
  /** Output that the client has not read; beyond, it is cut off. */
  outputBytesMax: 16 * 1024 * 1024,
  /** Counted bytes that are kept in memory: of one, and of all sessions together; the rest goes to files. */
  receivedInMemoryBytesMax: 128 * 1024,
  receivedInMemoryTotalBytesMax: 64 * 1024 * 1024,
  /** Connections that the system keeps for us until we take them. */
  backlog: 1024,
} as const;

/** The thread that users' sessions run in (compose/access). */
export const ACCESS_THREAD_LIMITS = {
  /** Until another takes the place of one that died. */
  restartMs: 500,
  /** Beyond the time for draining, then it is cut off. */
  stopGraceMs: 2_000,
} as const;

/** One POP3 session. */
export const POP3_LIMITS = {
  /** RFC 2449 §4 says 255, RFC 5034 §4 more for AUTH; names and passwords may be longer than either thought. */
  commandBytesMax: 4096,
  /** RFC 1939 §3: at least 10 minutes. */
  idleTimeoutMs: 10 * 60_000,
  /** Commands in a row that are none, until the session is ended. */
  badCommandsMax: 20,
  /** Messages that LIST and UIDL put into one piece of output. */
  rowsAtOnce: 1000,
} as const;

/** One ManageSieve session. */
export const MANAGESIEVE_LIMITS = {
  /** A line with its quoted strings; names, and responses of log-ins. */
  lineBytesMax: 16 * 1024,
  argumentsMax: 4,
  /** Strings that are too large are read to their end up to here; beyond, the session ends. */
  droppedBytesMax: 8 * 1024 * 1024,
  /** RFC 5804 §1.2: at least 30 minutes after log-in. */
  idleTimeoutMs: 30 * 60_000,
  /** Commands in a row that are none, until the session is ended. */
  badCommandsMax: 20,
} as const;

/** One IMAP session. */
export const IMAP_LIMITS = {
  /** A command without its literals; RFC 7162 §4 asks for 8,192 at least, and clients name thousands of UIDs. */
  commandBytesMax: 128 * 1024,
  /** The same before log-in. */
  commandBeforeLoginBytesMax: 16 * 1024,
  /** A literal that is not a message. */
  literalBytesMax: 128 * 1024,
  /** All literals of a command that are not messages. */
  literalsBytesMax: 1024 * 1024,
  literalBeforeLoginBytesMax: 8 * 1024,
  literalsMax: 1000,
  /** Messages of one APPEND (RFC 3502). */
  appendMessagesMax: 1000,
  /** All messages of one APPEND, unless a single one may be larger. */
  appendBytesMax: 256 * 1024 * 1024,
  /** Of a URL that CATENATE could not find, as the answer repeats it. */
  badUrlCharactersMax: 500,
  /** Refused literals that the client sends all the same are read and dropped up to here, then the session is ended. */
  discardBytesMax: 64 * 1024 * 1024,
  tagBytesMax: 256,
  nestingMax: 50,
  argumentsMax: 50_000,
  /** Ranges of a sequence set. */
  setRangesMax: 50_000,
  searchKeysMax: 2000,
  /** Of one STORE; what a message may have is the store's to say. */
  storeFlagsMax: 200,
  /** Folders that changed and that a client with NOTIFY was not told of yet; beyond, NOTIFICATIONOVERFLOW. */
  notifyWaitingMax: 1000,
  /** Commands in a row that could not be read, until the session is ended. */
  badCommandsMax: 50,
  badCommandsBeforeLoginMax: 10,
  /** RFC 9051 §5.4: at least 30 minutes. */
  idleTimeoutMs: 31 * 60_000,
  /** A command that runs for longer is told about with INPROGRESS (RFC 9585), so often. */
  progressEveryMs: 10_000,
  /** Output that is collected before it is handed to the socket. */
  batchBytes: 64 * 1024,
  /** A FETCH lets other sessions go first so often. */
  fetchTurnMs: 8,
  /** Longer texts are literals, not quoted strings. */
  quotedBytesMax: 1000,
  /** FETCH reads so many messages ahead, and so many bytes of them; at least one. */
  fetchMessagesAtOnce: 250,
  fetchBytesAtOnce: 1024 * 1024,
  /** Of one LIST, and the characters from the first wildcard of each to its last: each name is held against all of them. */
  patternsMax: 100,
  wildPatternsCharsMax: 200,
  /** Entries that LIST returns for each mailbox (RFC 9590). */
  listedEntriesMax: 20,
  /** Items of one FETCH. */
  fetchItemsMax: 500,
} as const;

/** Folders in the memory of the access thread (access/mailbox). */
export const LIVE_FOLDER_LIMITS = {
  /** After the last session has left it. */
  unusedKeptMs: 120_000,
  /** Folders that are kept although no session has them selected are dropped, oldest first, above these. */
  unusedFoldersMax: 1000,
  unusedMessagesMax: 1_000_000,
  /** Names of folders whose facts are in memory. */
  knownNamesMax: 20_000,
  /** When the store could not be asked for changes. */
  retryMs: 1000,
} as const;

/** Folders and messages in the store. */
export const MAILBOX_LIMITS = {
  /** Messages that one operation of the storage thread changes; longer orders are done in several, so that mail in transit gets its turn. */
  changedPerOperationMax: 2000,
  /** The same where every message costs more: freeing contents. */
  freedPerOperationMax: 500,
  /** Messages of a COPY or MOVE, which is one commit. */
  transferredMax: 200_000,
  /** Mails whose facts are read in one go, and the bytes of structures in one answer. */
  factsPerReadMax: 500,
  factsBytesMax: 4 * 1024 * 1024,
  /** Contents in one answer. */
  contentsBytesMax: 8 * 1024 * 1024,
  /** References of a message that its thread is looked for by. */
  threadReferencesMax: 100,
  /** Expunged UIDs that are remembered for each folder (RFC 7162); the oldest are forgotten. */
  vanishedRememberedMax: 100_000,
  subscriptionsMax: 5000,
  /** How soon after the start, and how often, thrown-away mail is looked through. */
  retentionFirstMs: 60_000,
  retentionEveryMs: 3_600_000,
  specialUsesMax: 8,
  /** Identifiers in the access control list of a folder. */
  sharesMax: 200,
  /** RFC 5464: entries of a folder or of the server, per viewer and shared together. */
  annotationsMax: 200,
  annotationBytesMax: 64 * 1024,
  annotationNameBytesMax: 250,
} as const;

/** The text index (store/search-index). */
export const SEARCH_LIMITS = {
  /** Of the text of one message, in characters; what is behind is read when somebody looks for something. */
  indexedCharsMax: 1024 * 1024,
  /** So much of a message's text is looked through, in characters. */
  readCharsMax: 64 * 1024 * 1024,
  /** One transaction of the index: so many messages, or so long. */
  batchMessages: 64,
  batchMs: 40,
  /** While mail keeps coming in, the index rests this many times as long as it worked, afterwards once. */
  restWhenBusy: 30,
  restWhenQuiet: 0.25,
  /** After a search the index does not rest for so long, or until it has caught up. */
  hastenedMs: 30_000,
  /** Mail came in lately: within this. */
  busyMs: 2000,
  restMaxMs: 2000,
  /** What is gone from the store is removed so often. */
  sweepEveryMs: 15 * 60_000,
  sweepMessages: 2000,
  /** Fewer messages than this are looked through without asking the index. */
  lookThroughMax: 100,
  /** A search lets others go first so often. */
  sliceMs: 15,
  /** A search that takes longer is given up, temporarily. */
  queryTimeoutMs: 10 * 60_000,
  /** Combinations of three characters that the index is asked for at once. */
  trigramsMax: 8,
  /** Memory of the database, KiB. */
  cacheKib: 16 * 1024,
} as const;

/** What sessions of users share in memory about mails (access/mailbox/mail-cache.ts). */
export const ACCESS_CACHE_LIMITS = {
  factsBytesMax: 32 * 1024 * 1024,
  headersBytesMax: 16 * 1024 * 1024,
  /** Of each kind of text that is made of structures; and the structures that parts were looked up in. */
  structureTextsBytesMax: 16 * 1024 * 1024,
  structuresBytesMax: 8 * 1024 * 1024,
  /** What THREAD needs to know of mails. */
  threadMailsBytesMax: 16 * 1024 * 1024,
} as const;
