/** What is read of receivers' replies, and how long they may make us wait. Listed in docs/reference/limits.md. */
/** What replies of other servers may make us do. */
export const REPLY_LIMITS = {
  /** Of a reply's text that is looked at. */
  textChars: 2000,
  /** A wait that a reply names is honoured between these. */
  namedDelayMinMs: 30_000,
  namedDelayMaxMs: 24 * 3_600_000,
  /** A refusal of the source is tried again after so long, doubled each time; Microsoft asks not to retry after 5xx. */
  blockRetryMinMs: 3_600_000,
  blockRetryMaxMs: 12 * 3_600_000,
  /** A message whose answer stayed out twice may come once more with each try: so rarely it is tried, doubled each time. */
  doubtRetryMinMs: 3_600_000,
  doubtRetryMaxMs: 24 * 3_600_000,
  /** The administrator is told of a refused source once in this time, for each source, site and signing domain. */
  sourceNoticeEveryMs: 24 * 3_600_000,
  sourceNoticesRemembered: 10_000,
} as const;
