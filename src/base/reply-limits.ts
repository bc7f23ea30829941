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
  /** Final refusals in the same unknown words, of messages or in the code of a policy, with nothing taken in between, that are a block. */
  alikeMin: 3,
  /** The same of recipients, who may be dead. */
  alikeRecipientsMin: 5,
  /** In whatever words, or where the reply's code blames the recipient. */
  alikeInAnyWordsMin: 8,
  /** In words that meant a block at another site. */
  alikeElsewhereMin: 2,
  /** Unknown words of a refusal are remembered for so long after they were last heard. */
  alikeForMs: 24 * 3_600_000,
  /** Tries of a message that is refused in words of an earlier block, or of one that passes, while others are taken. */
  alikeTriesMax: 4,
  /** Recipients too few for a block that is sure are returned when they were refused for so long. */
  fewRefusedForMs: 48 * 3_600_000,
  /** A refusal of which nobody knows whom it means is asked about again after so long, then so much longer each time. */
  unclearRetryMinMs: 20 * 60_000,
  unclearRetryFactor: 3,
  unclearRetryMaxMs: 12 * 3_600_000,
  /** Tries of such a message while nothing else is taken; the same where the reply's code blames the recipient. */
  unclearTriesMax: 6,
  unclearTriesAgainstCodeMax: 4,
  /** Recipients or messages remembered for each step at a site, sites, and words of blocks. */
  alikeRemembered: 40,
  alikePlacesMax: 5_000,
  alikeWordsMax: 1_000,
} as const;
