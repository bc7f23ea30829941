/**
 * Every limit that is not a setting, on one page. Settings (with their defaults) are in config/schema.ts.
 * Units last in the name. A limit that an RFC gives cites it.
 */

/** What an SMTP client may ask of us. */
export const SMTP_SERVER_LIMITS = {
  /** RFC 5321 §4.5.3.1.4 asks for 512 at least; ESMTP parameters and SMTPUTF8 need more. */
  commandLineBytesMax: 4096,
  /** RFC 4954 §4: base64 of a SASL response. */
  authLineBytesMax: 12288,
  /** RFC 5321 §4.5.3.1.6 with CRLF; longer text lines are accepted up to here, then refused. */
  textLineBytesMax: 64 * 1024,
  /** RFC 5321 §4.5.3.1.8 asks for 100 at least. */
  recipientsMax: 1000,
  /** After alias expansion. */
  expandedRecipientsMax: 10_000,
  /** RCPT over the limit that are answered 452 before the client is sent away. */
  excessRecipientsMax: 10_000,
  /** Recipients refused to one client in one session (harvesting of addresses). */
  refusedRecipientsMax: 100,
  /** Header block of a message; beyond, the message is refused. Not above inMemoryBytesMax. */
  headerBytesMax: 128 * 1024,
  headerFieldsMax: 2000,
  /** RFC 5321 §6.3: loop detection. */
  receivedFieldsMax: 50,
  errorsMax: 10,
  commandsWithoutMailMax: 100,
  authAttemptsMax: 3,
  /** RFC 5321 §4.5.3.2 gives the senders' view; ours is shorter where attackers live. */
  commandTimeoutMs: 300_000,
  loginTimeoutMs: 60_000,
  /** When all connections are taken, a stranger who owes us a command for longer leaves its place to the next. */
  idleWhenFullMs: 10_000,
  /** Connections beyond the setting that may be open while their last words are on the way. */
  connectionsLeavingMax: 50,
  dataTimeoutMs: 180_000,
  /** A whole message may not take longer than this, however it trickles. */
  messageTimeoutMs: 1_800_000,
  /** What a directory, a login or the intake may take until the client is told to come again. */
  portTimeoutMs: 240_000,
  /** The client's name is waited for so long at most, counted from the connection. */
  clientNameTimeoutMs: 5_000,
  tlsHandshakeTimeoutMs: 30_000,
  proxyHeaderTimeoutMs: 5_000,
  /** Replies that the client does not read. */
  writeBufferBytesMax: 256 * 1024,
  /** A message larger than this is spooled to a file while it arrives. */
  inMemoryBytesMax: 256 * 1024,
  /** Of all messages that are arriving; above, each keeps inMemoryBytesShare at most. */
  inMemoryBytesTotal: 64 * 1024 * 1024,
  inMemoryBytesShare: 16 * 1024,
  /** Commands that came while an earlier one is worked on; beyond, reading pauses. */
  inputBytesMax: 64 * 1024,
  /** Of a refused message: read and dropped beyond the size limit until the client is cut off. */
  discardBytesMax: 64 * 1024 * 1024,
  /** The last reply must be gone by then. */
  lingerTimeoutMs: 5_000,
} as const;

/** Relays, routes, and asking inner servers about addresses. */
export const RELAY_LIMITS = {
  routesMax: 100_000,
  secretFileBytesMax: 16 * 1024,
  /** RFC 6749 §5.1 leaves the size of a token answer open. */
  tokenAnswerBytesMax: 64 * 1024,
  tokenTimeoutMs: 20_000,
  /** A token that expires within this is fetched anew, and how long one lasts that names no time (RFC 6749 §5.1). */
  tokenMarginMs: 60_000,
  tokenLifetimeMs: 10 * 60_000,
  /** After a refused log-in: the wait before the same secret is shown again; it doubles up to the second figure. */
  refusedLoginMinMs: 60_000,
  refusedLoginMaxMs: 30 * 60_000,
  /** How long an inner server's answer about an address is believed: yes (asked again after the second figure), no. */
  knownAddressMs: 7 * 86_400_000,
  knownAddressRefreshMs: 86_400_000,
  unknownAddressMs: 2 * 3_600_000,
  /** Questions at once; how long one may take, and how long a client at RCPT waits for it. */
  probesAtOnce: 20,
  probesWaitingMax: 1_000,
  probeTimeoutMs: 30_000,
  /** A question that had no answer is not repeated for so long. */
  unansweredProbeMs: 60_000,
  /** Answers in memory; on disk they stay until they are too old to be believed. */
  checkedAddressesMax: 20_000,
} as const;

/** What we allow a peer to ask of our SMTP client. Time-outs after RFC 5321 §4.5.3.2. */
export const SMTP_CLIENT_LIMITS = {
  connectTimeoutMs: 30_000,
  /** For the second and later addresses of an attempt, and for one that was silent lately. */
  connectAgainTimeoutMs: 10_000,
  /** When this has passed in an attempt that reached nobody, no further address is begun with (two are always tried). */
  reachBudgetMs: 60_000,
  /** An address that did not answer is asked after the others of its site for so long. */
  silentHostMs: 10 * 60_000,
  silentHostsMax: 10_000,
  /** A host that ends each connection after so many messages is believed to do so for so long. */
  connectionSpanMs: 60 * 60_000,
  greetingTimeoutMs: 300_000,
  ehloTimeoutMs: 300_000,
  tlsHandshakeTimeoutMs: 60_000,
  mailTimeoutMs: 300_000,
  rcptTimeoutMs: 300_000,
  dataInitTimeoutMs: 120_000,
  dataBlockTimeoutMs: 180_000,
  dataDoneTimeoutMs: 600_000,
  quitTimeoutMs: 5_000,
  /** A whole transaction, so that a peer which answers each step at the last moment does not hold us for days. */
  transactionTimeoutMs: 3_600_000,
  idleConnectionMs: 5_000,
  messagesPerConnectionMax: 100,
  /** Of each line and of each reply, what is kept; one longer than the third figure is given up. */
  replyLineBytesMax: 2048,
  replyLinesMax: 128,
  replyBytesMax: 256 * 1024,
  /** Of a peer's reply text that we keep. */
  replyTextCharsMax: 2000,
  mxHostsMax: 10,
  addressesPerHostMax: 5,
  addressesPerAttemptMax: 8,
  /** Hosts that answered the connection, of those tried in one attempt; a greylisting site need not hear us eight times. */
  sessionsPerAttemptMax: 3,
  /** Connections kept open between messages, over all destinations. */
  idleConnectionsMax: 200,
  /** Received from a peer and not yet asked for. */
  unreadBytesMax: 256 * 1024,
} as const;

export const DNS_LIMITS = {
  udpPayloadBytes: 1232,
  tcpMessageBytesMax: 65535,
  attemptTimeoutMs: 2_500,
  /** A datagram may be lost: it is sent once more after this. */
  resendMs: 700,
  totalTimeoutMs: 12_000,
  cnameChainMax: 8,
  cacheEntriesMax: 20_000,
  cacheTtlSecondsMax: 86_400,
  negativeTtlSecondsMax: 900,
  failureTtlSeconds: 5,
  queriesInFlightMax: 500,
  /** A question that waits longer leaves its place to others, as long as no more than so many wait like that. */
  slowAfterMs: 500,
  slowQueriesMax: 4_000,
} as const;

/** Policies about TLS of outgoing mail, and what is counted of it. */
export const TLS_POLICY_LIMITS = {
  /** Certificates of a peer that are looked at. */
  chainMax: 10,
  /** How long a host whose TLS failed gets opportunistic mail in the clear at once; and how many are remembered. */
  brokenTlsMs: 600_000,
  /** The same for a host where messages break off in the middle: longer than a message waits for its next attempt. */
  breakingTlsMs: 6 * 3_600_000,
  brokenTlsHostsMax: 10_000,
  /** Sessions are counted in memory and written together this often. */
  resultFlushMs: 10_000,
  /** Different results in memory; beyond, they are written before. */
  resultsInMemoryMax: 5_000,
  /** Of a peer's words in a report. */
  resultDetailCharsMax: 200,
  /** RFC 8460 §4.1 asks for reports within a day; kept to be looked at. */
  resultDays: 30,
} as const;

/** RFC 8461. */
export const MTA_STS_LIMITS = {
  /** §3.3. */
  policyBytesMax: 64 * 1024,
  /** §3.3 suggests a minute; a message waits for it. */
  fetchTimeoutMs: 30_000,
  /** §3.2. */
  maxAgeSecondsMax: 31_557_600,
  mxPatternsMax: 500,
  /** §3.3: not more often for the same id. */
  failedFetchMs: 300_000,
  failedFetchesMax: 10_000,
  /** §10.2: fetched again before it expires. */
  refreshAfterMs: 86_400_000,
  refreshEveryMs: 3_600_000,
  refreshedAtOnceMax: 100,
  /** Domains with or without a policy that are remembered beside the store. */
  cacheEntriesMax: 20_000,
} as const;

/** Queue defaults that nobody tunes. */
export const QUEUE_LIMITS = {
  /** Content up to this size lives in the database, larger in files. */
  inlineContentBytesMax: 256 * 1024,
  /** Most requests that share one commit. */
  commitBatchMax: 512,
  /** Recent contents kept in memory so that a fresh message is not read back. */
  contentCacheBytesMax: 32 * 1024 * 1024,
  deliveriesInFlightMax: 200,
  deliveriesPerDestinationMax: 20,
  recipientsPerTransactionMax: 100,
  /** Free disk below which new mail is answered 452. */
  freeDiskBytesMin: 32 * 1024 * 1024,
  /** How long the events of a finished message stay. */
  historyDays: 30,
  /** Messages being routed at once, before they stand in line: new ones, and the backlog for itself. */
  takeUpsMax: 256,
  /** How long others wait for routes that are not found; and messages whose route is awaited for longer. */
  routePatienceMs: 100,
  lateRoutesMax: 5_000,
  /** How long the way of a message is taken for that of others of its sender to its domain, while they stand in line. */
  knownWayMs: 300_000,
  knownWaysMax: 10_000,
  /** A line from which on others join it without being read. */
  longLine: 256,
  /** Due messages that are read from the store in one go. */
  takeUpBatch: 128,
  /** The same while enough stands in line, when most of them join a line unread. */
  takeUpBatchAhead: 512,
  /** Recipients in line from which on the backlog is taken up at leisure. */
  linedUpEnough: 1_000,
  /** Deliveries at once that are quick, over all sites; of these for bulk mail, and for one site. */
  placesMax: 200,
  bulkPlacesMax: 160,
  placesPerSiteMax: 50,
  /** To sites not met lately; beyond the first to each of them, so many. */
  unknownPlacesMax: 200,
  unknownAgainPlacesMax: 100,
  /** A delivery that takes longer is slow; where others want its place, it leaves it after this. */
  slowAfterMs: 5_000,
  crowdedAfterMs: 500,
  /** Slow deliveries at once; those that may begin as slow ones, which leaves room for such as turn out to be; for one site. */
  slowPlacesMax: 1_500,
  slowBeginningsMax: 400,
  placesPerSlowSiteMax: 10,
  /** Sites whose pace is remembered. */
  pacesKeptMax: 20_000,
  /** Sites with a line in memory; beyond, what is due waits until some are gone. */
  linesMax: 10_000,
  /** Senders of one stream that take turns of their own in a line; beyond, those of a domain share theirs. */
  sendersPerLineMax: 500,
  /** Senders of a line that the shaper is asked about in one turn. */
  candidatesPerTurnMax: 16,
  /** Messages whose rows and routes are kept while they stand in line. */
  routedItemsMax: 2_000,
  /** No wait between two attempts is longer, whatever a clock that jumped says. */
  longestRetryWaitMs: 86_400_000,
  /** A wall clock that moved so much further than time has passed was set. */
  clockJumpMs: 600_000,
  /** So long after a jump nothing expires: the clock may be put right again. */
  expiryGraceMs: 900_000,
  /** Messages looked at together when their delay notice or expiry is due. */
  agedBatch: 100,
  /** Those whose delivery is under way at their expiry are looked at again after this. */
  agedAgainMs: 30_000,
  /** New messages whose rows are still in memory when their first attempt begins. */
  freshItemsMax: 2_000,
  /** A delivery that takes longer has failed, whatever its deliverer says; every step within has its own deadline. */
  deliveryTimeoutMs: 3_600_000,
  /** How long deliveries may take to report after they were told to stop. */
  abortGraceMs: 1_000,
  /** Waits before an outcome that could not be committed is tried again; the last one repeats. */
  settleRetryMs: [250, 1_000, 5_000, 15_000],
  /** Of a failure that is not a full disk: after so many tries the recipient waits for its next attempt instead. */
  settleTriesMax: 8,
  /** The wall clock may jump: the timer for the next due message looks at it at least this often. */
  longestNapMs: 3_600_000,
  pruneEveryMs: 3_600_000,
} as const;

/** Rewritten senders of forwarded mail (mail/srs.ts). */
export const SRS_LIMITS = {
  /** Characters of base 32, 5 bits each: half a billion tries for one address that bounces to a stranger. */
  hashChars: 6,
  tokenChars: 24,
  /** Longer than any queue keeps a message and its bounce: 5 days each, and somebody's holidays. */
  validDays: 21,
  /** RFC 5321 §4.5.3.1.1: longer ones are refused by some. */
  localPartOctetsMax: 64,
  keyBytes: 32,
  keysMax: 50,
  /** Senders forgotten each time that one is remembered. */
  sweepBatchMax: 100,
} as const;

/** MX sites: what is looked up and remembered about recipient domains. */
export const SITE_LIMITS = {
  keyCharsMax: 250,
  /** A name server that takes longer holds nobody up: the domain is a site of its own meanwhile. */
  lookupTimeoutMs: 1_500,
  knownTtlMs: 3_600_000,
  /** How long a domain without an answer stays a site of its own. */
  unknownTtlMs: 30_000,
  domainsKnownMax: 50_000,
} as const;

/** Shaping of outgoing mail (flow/shape). */
export const SHAPE_LIMITS = {
  /** Sites and lanes in memory; beyond, those that rest longest and have no trouble are forgotten. */
  sitesMax: 20_000,
  lanesMax: 20_000,
  /** Complaints of recipients in a day, and their share of the mail of two days (counted as at least so much), above which a lane rests. */
  spamComplaintsMin: 3,
  spamShareMax: 0.003,
  spamSentMin: 200,
  /** No lane is told to send slowly for longer, whatever a clock that jumped says. */
  holdMaxMs: 86_400_000,
  /** Deliveries at once to a site of no table, at first. */
  startConnections: 2,
  /** The same for a site of the table; never more than its own figure. */
  startConnectionsKnown: 5,
  /** To a smarthost of ours, and to every site while shaping is off. */
  relayConnections: 20,
  /** Of a site's places and of its rate, kept from bulk mail. */
  reserveShare: 0.2,
  /** Rest of a site that cannot be reached: the first one, doubling up to the last. */
  deadRestMinMs: 60_000,
  deadRestMaxMs: 1_800_000,
  /** The same for a site that answers and puts everything off. */
  ailingRestMaxMs: 600_000,
  /** Recipients that a site puts off at their first try, one after the other, before that is taken for an outage and not for greylisting. */
  strangersPutOffMax: 50,
  /** Closed again this soon after it took mail: it is no outage, it takes so much and no more. */
  relapseMs: 1_800_000,
  /** A number of connections that was too many is not tried again for so long, doubling up to the last. */
  crowdedMinMs: 600_000,
  crowdedMaxMs: 14_400_000,
  /** When so many sites in a row cannot be reached and none can, the trouble is likely ours, and rests stay short. */
  deadSitesSuspicious: 5,
  /** Results of a lane that its ratio is made of, and how old they may be. */
  ratioResultsMin: 10,
  ratioWindowMs: 600_000,
  /** So many suffice when all of them were put off. */
  ratioAllBadMin: 5,
  /** The same with others taken before them. */
  ratioRowMin: 6,
  /** Refusals of one domain's mail, and nothing but these, while others from the same address are taken: it is about the domain. */
  domainAloneMin: 3,
  /** Share of temporary refusals that makes a lane hot, and below which it may open further. */
  ratioHot: 0.3,
  ratioGood: 0.1,
  /** Rest of a hot lane without a documented recovery: the first one, doubling up to the last. */
  hotRestMinMs: 300_000,
  /** The same when the reply names a delay; the delay counts when it is longer. */
  hotRestNamedMinMs: 60_000,
  hotRestMaxMs: 14_400_000,
  /** Between probes of a blocked lane: the first wait, doubling up to the last. */
  blockedRestMinMs: 3_600_000,
  blockedRestMaxMs: 86_400_000,
  /** A complaint this long ago does not lengthen the rest after the next one. */
  strikeMemoryMs: 86_400_000,
  /** A cooling lane opens by its start rate each of these, and is steady beyond the last rate. */
  climbEveryMs: 300_000,
  steadyRatePerMinute: 120,
  /** A new address spreads a day's figure over so many minutes, but sends at least so much, after so many at once. */
  warmUpMinutes: 600,
  warmUpPerMinuteMin: 0.3,
  warmUpBurst: 5,
  /** Letters and notices of a new address: the day's figure so many times, their own rate and burst beside that of bulk mail. */
  warmUpLettersTimes: 2,
  warmUpLettersPerMinute: 2,
  warmUpLettersBurst: 10,
  /** After each complaint the figure is spread so much wider, up to this many times (600 minutes become a whole day). */
  warmUpSpreadFactor: 1.4,
  warmUpSpreadMax: 2.4,
  /** While a lane rests, one letter tries after at least so long, and after this part of the rest. */
  knockEveryMs: 600_000,
  knockRestShare: 0.125,
  /** Messages that a source may send at once in low-volume mode, and how many a minute afterwards. */
  trickleBurst: 5,
  tricklePerMinute: 30,
  trickleConnections: 2,
  /** Changes are written together, this long after the first. */
  saveEveryMs: 2_000,
  /** Changes of states kept for `posthorn ip show`. */
  historyMax: 10_000,
  spfCacheMs: 3_600_000,
  spfCacheEntriesMax: 10_000,
  pausesMax: 1_000,
} as const;

/**
 * The brake for accounts whose password was stolen. The figures are ours: a person writes to few strangers in an hour,
 * and a program to about as many as in its busiest hours before.
 */
export const BRAKE_LIMITS = {
  /** Recipients never written to before, in one clock hour, that nobody is stopped for. */
  strangersPerHourMin: 200,
  /** Times the account's busiest hour of the last `historyDays`. */
  timesPeak: 4,
  /** From a network the account never came from, when it has others: this share of what is allowed, but so many. */
  newNetworkShare: 0.25,
  newNetworkStrangersMin: 50,
  /** A network counts as the account's own after this. */
  networkKnownAfterMs: 24 * 3_600_000,
  /** Dead addresses within this hour and the last, and their share of all outcomes: bought or guessed lists. */
  deadMin: 20,
  deadShare: 0.25,
  /** What tripped the brake was right, somebody said: for so long it may go on and grow as often as `timesPeak`. */
  releaseGraceMs: 24 * 3_600_000,
  /** Of an account that is braked: messages taken and held; then 450. */
  heldMessagesMax: 1_000,
  historyDays: 30,
  /** What was let through before an account was braked is in the queue by then, and held, too. */
  secondLookMs: 5_000,
  /** Figures are counted in memory and written together. */
  flushMs: 2_000,
  /** Accounts in memory; those unused for longest go first. */
  accountsMax: 2_000,
  networksPerAccountMax: 200,
  /** Known recipients: bits and hashes of one generation of the filter, and recipients until the next one begins. */
  filterBits: 32_768,
  filterHashes: 3,
  filterRecipientsMax: 4_000,
  pruneEveryMs: 3_600_000,
  pruneBatchMax: 1_000,
  /** Rows of one listing. */
  listedMax: 1_000,
} as const;

/** What monitoring is told. */
export const METRICS_LIMITS = {
  /** Combinations of labels of one counter; the rest is counted as `other`. */
  seriesMax: 1_000,
  sitesMax: 200,
  lanesMax: 500,
  /** A long queue is not counted more often. */
  queueEveryMs: 30_000,
} as const;

/** The storage thread and its callers. */
export const STORE_LIMITS = {
  /** Calls to the storage thread that follow each other within this go together. */
  gatherMs: 2,
  /** A disk that does not answer for this long has failed, as far as the caller is concerned. */
  callTimeoutMs: 60_000,
  /** A storage thread that died of a bug is replaced after this. */
  threadRestartMs: 200,
  /** How long a start waits for a command that holds the data directory for a moment. */
  lockWaitMs: 500,
  lockPollMs: 50,
  /** Kept on the disk for settling what is queued when the disk is full; below QUEUE_LIMITS.freeDiskBytesMin. */
  reserveBytes: 24 * 1024 * 1024,
  /** How soon after the start it is made, and how often it is looked at. */
  reserveCheckMs: 1_000,
  /** How long an answer about free space is believed. */
  freeSpaceTtlMs: 1_000,
  /** Rows of one answer. */
  rowsPerReadMax: 10_000,
  /** Waiting recipients in one piece at start. */
  dueRowsPerReadMax: 2_000,
  /** Finished messages whose history is removed in one transaction. */
  pruneBatchMax: 500,
  /** Keys by which messages are found that are sorted into the index together: a few milliseconds of work. */
  keysPerRun: 10_000,
} as const;

/** Threads that take sessions, beside the main thread. */
export const SESSION_THREAD_LIMITS = {
  /** More threads than this are not made unless the configuration says so. */
  threadsByDefaultMax: 4,
  /** Nice value of the main thread beside them: its part of a processor that both want is about a third of theirs. */
  mainThreadNice: 5,
  /** One that died is replaced after this. */
  restartMs: 500,
  /** How long one may take to end after its sessions had their time. */
  stopGraceMs: 5_000,
  /** Log lines wait for others so long, or until there are so many characters. */
  logWaitMs: 50,
  logCharsMax: 16 * 1024,
  /** Larger contents are read from the store when they are delivered. */
  contentBytesMax: 256 * 1024,
  /** Messages looked up at once, and when that is tried again after the store did not answer. */
  lookUpIdsMax: 500,
  lookUpAgainMs: 1_000,
} as const;

/** Looking at an outgoing message before it leaves. */
export const PREFLIGHT_LIMITS = {
  /** Of a message too large for memory; header and form are judged on this much. */
  examinedBytesMax: 1024 * 1024,
  /** All look-ups of one message together; what is not answered by then is uncertain. Others wait for its place meanwhile. */
  timeoutMs: 5_000,
  /** One look-up; and one of a name that was silent lately. */
  lookupTimeoutMs: 1_500,
  silentLookupTimeoutMs: 50,
  silentNamesMax: 10_000,
  /** What it says is judged in so long, or is unknown. Longer than a look-up, so that silent lists do not hide what is found without. */
  contentMs: 2_500,
} as const;

/** Addresses that are not written to. */
export const SUPPRESSION_LIMITS = {
  /** Messages that failed for a reason of the mailbox that may pass (full, disabled), and the time over which, before … */
  softFailures: 5,
  softPeriodMs: 7 * 24 * 3_600_000,
  /** Failures farther apart than this are no series. */
  softForgetMs: 60 * 24 * 3_600_000,
  /** How long a mailbox that was full or disabled that often is left alone. */
  softSuppressionMs: 60 * 24 * 3_600_000,
  /** How often a person's single letter is tried in spite of a bounce. */
  freshAttemptEveryMs: 24 * 3_600_000,
  /** Rows of one import request and of one listing. */
  importBatch: 2_000,
  listMax: 10_000,
  replyCharsMax: 500,
  /** Keys read at once when the list is taken into memory. */
  keysPerRead: 20_000,
} as const;

/** What a DSN gives back of the message it is about. */
export const FEEDBACK_LIMITS = {
  /** Above, RET=FULL gives the header only: a bounce must not be a burden. */
  returnedContentBytesMax: 256 * 1024,
  returnedHeaderBytesMax: 64 * 1024,
  /** Recipients explained in the text for people; all are in the part for programs. */
  explainedRecipientsMax: 50,
  /** Reports of others that are read, and what of them. */
  reportBytesMax: 256 * 1024,
  reportedRecipientsMax: 100,
  reportedReplyCharsMax: 500,
  /** Of ours with the Message-ID that a report quotes. */
  reportedMessagesMax: 5,
} as const;

/** RFC 7208 §4.6.4, RFC 6376, RFC 8617, RFC 9989. */
export const AUTHENTICATION_LIMITS = {
  spfLookupsMax: 10,
  spfVoidLookupsMax: 2,
  spfMxAddressesMax: 10,
  spfPtrNamesMax: 10,
  dkimSignaturesMax: 10,
  dkimRsaBitsMin: 1024,
  arcInstancesMax: 50,
  dmarcTreeWalkQueriesMax: 8,
  /** All look-ups for one message together. */
  timeoutMs: 20_000,
} as const;

/** The mail drop, where sendmail leaves what it cannot hand over. */
export const SPOOL_LIMITS = {
  /** Between two looks into it, should the news of a new file have been missed. */
  rereadMs: 60_000,
} as const;

export const DIRECTORY_LIMITS = {
  aliasDepthMax: 10,
  aliasTargetsMax: 1000,
  /** Failed log-ins per account and client network before the next is delayed. */
  failuresBeforeThrottle: 10,
  throttleWindowMs: 10 * 60_000,
  /** Failed log-ins of one client network over all accounts before the next is delayed. */
  networkFailuresBeforeThrottle: 100,
  /** The same of one IPv6 site (/48), over all its networks. */
  siteFailuresBeforeThrottle: 400,
  /** The wait after the first failure beyond these; it doubles up to the second figure. */
  throttleDelayMinMs: 1_000,
  throttleDelayMaxMs: 60_000,
  /** Failures remembered; the oldest go first. */
  throttleEntriesMax: 50_000,
  /** Password hashes computed at once (19 MiB each), and log-ins that may wait for one. */
  passwordHashesAtOnce: 2,
  passwordHashesWaitingMax: 500,
  /** How long a password found right is not computed again, and how many. */
  passwordCacheMs: 5 * 60_000,
  passwordCacheEntriesMax: 10_000,
  passwordBytesMax: 1024,
  passwordCharsMin: 8,
  domainsMax: 100_000,
  /** Messages of removed folders that go in one transaction. */
  removedMessagesMax: 200,
  /** Of one account. */
  foldersMax: 1000,
  folderNameBytesMax: 500,
  /** Rows in one answer of a mailbox listing. */
  listedMessagesMax: 1000,
  /** Of structures and trace fields in one piece of it. */
  listedBytesMax: 4 * 1024 * 1024,
  /** RFC 9051 leaves the keywords of a message unbounded. */
  flagsMax: 64,
} as const;
