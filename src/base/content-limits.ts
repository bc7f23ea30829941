/** Limits of judging what a message says: its HTML, its links, the mail-tester. The rules of base/limits.ts hold. */

/** Reading the content of hostile messages. What lies beyond is not read, and the reader says so. */
export const CONTENT_LIMITS = {
  /** Of a message, from its start. */
  messageBytesMax: 32 * 1024 * 1024,
  /** Of all text parts of one kind together. */
  textCharsMax: 512 * 1024,
  htmlElementsMax: 50_000,
  /** A closing tag is looked for among the open ones, so depth costs time. */
  htmlDepthMax: 300,
  linksMax: 1000,
  urlCharsMax: 2048,
  linkTextCharsMax: 200,
  /** Words of each of two texts that are compared. */
  comparedWordsMax: 20_000,
  /** Archives whose list of files is read, bytes of each as encoded, and files of each. */
  archivesMax: 10,
  archiveBytesMax: 8 * 1024 * 1024,
  archivedFilesMax: 1000,
  /** Different domains of links that DNS lists are asked about. */
  askedDomainsMax: 15,
} as const;

/** Looking whether links answer: a stranger's message must not make this server a nuisance to others. */
export const LINK_PROBE_LIMITS = {
  linksMax: 20,
  hostsMax: 10,
  /** One request. */
  timeoutMs: 4000,
  /** All of them. */
  totalMs: 12_000,
  /** Read of the answer to a GET. */
  bytesMax: 64 * 1024,
} as const;

/** The mail-tester's address. */
export const MAIL_TEST_LIMITS = {
  /** Answers to one envelope sender, and to all, in 24 hours. More mail is taken and thrown away unread. */
  perSenderPerDay: 20,
  perDay: 1000,
  /** Scored at the same time; the others wait. */
  atOnce: 4,
  /** A report is kept so long. */
  keptMs: 30 * 86_400_000,
  keptMax: 10_000,
  /** Of a report as JSON; the results that matter come first. */
  reportCharsMax: 256 * 1024,
  listedMax: 500,
} as const;
