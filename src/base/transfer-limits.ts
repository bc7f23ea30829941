/** Limits of moving mail in and out: import, export, backup, verification. The rules of base/limits.ts hold. */

export const TRANSFER_LIMITS = {
  /** Messages and bytes that go into one commit. */
  batchMessagesMax: 100,
  batchBytesMax: 8 * 1024 ** 2,
  /** Larger messages are not imported, and named. In base64 they must fit into one order to the server. */
  messageBytesMax: 150 * 1024 ** 2,
  /** How many names of messages a source asks about at once. */
  keysAskedMax: 1000,
  /** Longest name of a message within its source. */
  keyBytesMax: 300,
  /** Files beside the messages (keywords, UIDs, subscriptions) are not read when larger. */
  indexFileBytesMax: 256 * 1024 ** 2,
  /** Folders of one source, and how deep below each other. */
  foldersMax: 10_000,
  folderDepthMax: 20,
  /** Problems that the result of an import names one by one; further ones are counted. */
  problemsNamedMax: 100,
  /** A server that mail is fetched from answers within this time, and a connection is made. */
  imapReplyMs: 120_000,
  imapConnectMs: 30_000,
  /** Longest line of such a server, and largest literal: a message. */
  imapLineBytesMax: 1024 ** 2,
  /** UIDs in one command, which keeps it below the 8,192 bytes that servers take (RFC 7162 §4), and messages of one mailbox. */
  imapUidsAskedMax: 500,
  imapMessagesMax: 20_000_000,
  /** Answers of such a server that nobody asked for, and messages in a row that it refuses, before it is given up. */
  imapUnaskedMax: 100_000,
  imapRefusalsMax: 5,
  /** A connection that broke is made again so often, after waits that double from the first. */
  imapReconnectsMax: 8,
  imapReconnectWaitMs: 1000,
  /** The database is backed up in pieces of so many bytes; those that did not change are not written again. */
  backupPieceBytes: 256 * 1024,
  /** A backup takes the database anew so often when bodies vanish meanwhile. */
  backupTriesMax: 5,
  /** A backup waits so long for a lock on the database, and for another one in the same folder. */
  backupBusyMs: 30_000,
} as const;
