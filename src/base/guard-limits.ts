/** Limits of the guard (doctor/guard/) and of what is kept of examinations. The rules of base/limits.ts hold. */

export const GUARD_LIMITS = {
  /** How often the guard looks whether there is something to do: a whole examination, or asking again about a doubt. */
  tickMs: 1_800_000,
  /** A change counts when it was seen this many times in a row … */
  sightings: 3,
  /** … from the first to the last over at least this long: longer than most name servers remember that a name is missing. */
  persistMs: 5_400_000,
  /** What could not be told for this long is told once, when it could be told before. */
  unknownMs: 259_200_000,
  /** After so long without a look a doubt begins anew: the server was off. */
  absentMs: 21_600_000,
  /** The time in which turns are counted, and between two notes that a check is unsteady. */
  unsteadyMs: 604_800_000,
  /** Turns for better or worse within that time from which a check is unsteady: broken, mended and broken again is not yet. */
  unsteadyTurns: 4,
  /** What was not looked at for this long (a domain that was removed) is forgotten. */
  forgetMs: 2_592_000_000,
  /** Of the interval between two whole examinations, the share by which it varies, so that servers do not all ask at once. */
  jitter: 0.1,
  /** Domains examined at the same time, so that mail gets its turns between. */
  domainsAtOnce: 4,
  /** Findings shown in full in one note; the rest is counted. */
  shownMax: 40,
  /** Findings that guard status tells; the rest is counted. */
  findingsToldMax: 10_000,
  /** Acknowledged findings, at most. */
  acknowledgedMax: 10_000,
} as const;

export const EXAMINATION_LIMITS = {
  /** Runs and scores older than this are forgotten, and so is what a check found before. */
  keptMs: 34_560_000_000,
  /** Findings of one run that are kept. */
  resultsMax: 200_000,
  /** Characters of a text, remedy or record that are kept. */
  textCharsMax: 4000,
  /** Findings handed over at a time. */
  resultsPerCallMax: 500,
  /** Rows that one question gets back. */
  listedMax: 1000,
} as const;

/** Of the counts of outgoing mail by day. */
export const SENDING_DAY_LIMITS = {
  /** Counts are written down this often. */
  flushMs: 5000,
  /** Rows that wait in memory before they are written sooner. */
  inMemoryMax: 5000,
  /** Rows that one question gets back. */
  rowsMax: 50_000,
  /** Days that are kept. */
  keptDays: 400,
  /** Addresses and links of a domain that are looked at. */
  namesMax: 20,
  /** From addresses whose messages were looked at today, remembered so that one a day is enough. */
  sampledMax: 5000,
  /** Names seen in our mail are looked at for this long. */
  nameKeptMs: 604_800_000,
  /** Bytes of a header that are read for a sample. */
  headerBytesMax: 65_536,
  /** Hours of the queue's length that are kept. */
  queueHours: 336,
} as const;
