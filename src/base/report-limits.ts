/** Limits of the reports that we send to others, and of what providers tell about us. The rules of base/limits.ts hold. */

export const REPORT_OUT_LIMITS = {
  /** Results of inbound mail are kept in memory this long, so that a message costs no commit of its own. */
  flushMs: 5_000,
  /** Different results in memory; more are written at once. */
  rowsInMemoryMax: 500,
  /** Different results of one policy domain on one day; what is beyond is not counted, since a stranger decides how many there are. */
  rowsPerDomainMax: 20_000,
  /** Policy domains of one day. */
  domainsPerDayMax: 20_000,
  /** DKIM signatures of one row (RFC 9990 §3.1.3 allows 100). */
  signaturesPerRowMax: 10,
  /** Characters of one value that a stranger wrote. */
  valueCharsMax: 255,
  /** A day is reported when it ended so long ago: session threads have told their counts by then. */
  settleMs: 600_000,
  /** How often the server looks whether something is due. */
  everyMs: 3_600_000,
  /** Domains worked off in one run. */
  domainsPerRunMax: 2_000,
  /** Times that a domain is tried whose destinations cannot be looked up or reached. */
  attemptsMax: 6,
  /** Destinations of one domain (RFC 9990 §3.5 leaves it to us). */
  destinationsMax: 5,
  /** A report whose attachment is larger is not sent. */
  attachmentBytesMax: 8 * 1024 * 1024,
  /** One report over HTTPS. */
  postMs: 60_000,
  postAnswerBytesMax: 64 * 1024,
  /** Days after which it is too late for a report: the server was down, or is new. */
  lateDays: 7,
  /** Days that results and what was sent are kept. */
  keepDays: 30,
} as const;

/** Services where providers tell senders about their mail. */
export const DASHBOARD_LIMITS = {
  everyMs: 86_400_000,
  /** A look that failed is repeated so soon, once. */
  againMs: 14_400_000,
  requestMs: 30_000,
  answerBytesMax: 8 * 1024 * 1024,
  secretBytesMax: 65_536,
  pagesMax: 20,
  domainsMax: 1_000,
  addressesMax: 5_000,
  /** Days that are asked for: providers are late, and correct themselves. */
  daysAsked: 14,
  keepDays: 400,
  /** Gmail and Yahoo ask for less than 0.1 %, and act from 0.3 % on. */
  spamRateAlarm: 0.003,
  /** Below, an alarm is over. */
  spamRateCalm: 0.002,
} as const;
