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
  /** Final refusals in the same unknown words, of different recipients or messages with nothing taken in between, from which on they are no fault of recipients. */
  alikeMin: 3,
  /** The same where the reply's code blames the recipient. */
  alikeAgainstCodeMin: 8,
  /** Unknown words of a refusal are remembered for so long after they were last heard. */
  alikeForMs: 24 * 3_600_000,
  /** Tries of a message that is refused in words of an earlier block while others are taken. */
  alikeTriesMax: 4,
  /** Recipients or messages remembered for the same words, different words of one site, and sites. */
  alikeRemembered: 20,
  alikeWordsMax: 20,
  alikePlacesMax: 5_000,
} as const;
