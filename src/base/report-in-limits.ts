/** Limits of reports that others send about our mail. The rules of base/limits.ts hold. */

export const REPORT_IN_LIMITS = {
  /** A larger message is no report: the largest senders' daily reports are a few megabytes. */
  messageBytesMax: 48 * 1024 * 1024,
  /** Attachments of one message that are looked into. */
  attachmentsMax: 20,
  /** An XML report unpacked. 100,000 rows are about 70 MB. */
  unpackedBytesMax: 400 * 1024 * 1024,
  /** Above this size unpacked, what grew by more than `unpackedRatioMax` is a bomb; DEFLATE reaches 1032. */
  unpackedFreeBytes: 4 * 1024 * 1024,
  unpackedRatioMax: 250,
  /** Files of a zip archive that are looked at. */
  zipEntriesMax: 16,
  /** Elements inside elements; reports have six. */
  depthMax: 24,
  /** Text of one element, characters. The rest is dropped. */
  textCharsMax: 1024,
  /** Rows of one report. */
  rowsMax: 1_000_000,
  /** Different sources kept of one report; further ones are added up under one name. */
  sourcesMax: 20_000,
  /** Domains remembered with one source. */
  seenDomainsMax: 5,
  /** Messages of one row: more in a day from one address to one receiver nobody has. */
  rowMessagesMax: 100_000_000,
  /** A TLS report as it is posted, packed or not. */
  httpBodyBytesMax: 1024 * 1024,
  /** The same unpacked: anybody may post, and a document is parsed in one go (2 MiB take 70 ms at worst). */
  httpJsonBytesMax: 2 * 1024 * 1024,
  /** Posts that wait for their turn to be read, one at a time; further ones are told to come later. */
  httpWaitingMax: 20,
  /** A JSON report unpacked. */
  jsonBytesMax: 8 * 1024 * 1024,
  tlsPoliciesMax: 1000,
  tlsDetailsMax: 1000,
  /** A report is about at most so much time, and ends at most so far in the future (clocks differ, days are counted ahead). */
  periodMsMax: 35 * 86_400_000,
  futureMsMax: 2 * 86_400_000,
  /** Reports of one kind that one domain may bring in a day; those that nothing authenticates count as one. */
  perReporterDay: 3000,
  unbelievedPerDay: 500,
  /** Rows of a summary. */
  summaryMax: 2000,
  /** How long reading one report may take. */
  readMs: 60_000,
} as const;
