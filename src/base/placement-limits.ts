/** Limits of placement by seed accounts. The rules of base/limits.ts hold. */

export const PLACEMENT_LIMITS = {
  seedsMax: 200,
  /** Seeds that are read at the same time. */
  readAtOnceMax: 4,
  /** One seed has to be read within this time. */
  readMs: 120_000,
  /** Folders of one seed that are looked through, the inbox and the spam folder first. */
  foldersMax: 40,
  /** Messages of one seed that are looked for at a time. */
  waitingMax: 500,
  /** Of a header that is fetched. */
  headerBytesMax: 128 * 1024,
  /** A message that is in no folder so long after its delivery is missing. */
  missingAfterMs: 86_400_000,
  /** Seeds with mail on its way are read this often, then less and less. */
  readEveryMs: 300_000,
  /** Mail of our users to a seed counts when it was sent no longer ago. */
  lookBackMs: 7 * 86_400_000,
  keptMs: 400 * 86_400_000,
  /** Of a trend. */
  daysMax: 366,
  listedMax: 1000,
} as const;
