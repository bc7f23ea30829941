/** Messages by account and name of the folder: delivery, and listings for commands. */
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import type { MailboxDeposit } from '../../contract/queue.ts';
import type { Database } from '../database.ts';
import { retainBody } from './bodies.ts';
import { addPlaces } from './folder-messages.ts';
import { folderIdByName, requireFolderNamed, UID_MAX } from './folder-rows.ts';
import { ensureFolder } from './folders.ts';
import { addMail } from './mails.ts';
import { parseStructure } from '../../mail/mime-structure.ts';
import type { MailDetails } from '../../mail/mail-facts.ts';

export interface MailboxMessage {
  readonly uid: number;
  readonly modseq: number;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly savedAt: number;
  readonly sizeBytes: number;
  readonly mailId: number;
  /** Trace fields of this copy, before the content. */
  readonly prefix: Uint8Array;
  /** JSON of mail/mime-structure.ts, offsets from the start of the prefix. */
  readonly structure: string;
}

export interface FolderRef {
  readonly account: string;
  readonly folder: string;
}

/** Puts a message whose body is in the store already into a folder; part of the commit that settles its recipient. */
export function depositMessage(db: Database, deposit: MailboxDeposit): void {
  const { account, contentDigest, prefix, sizeBytes, structure, flags, internalDate } = deposit;
  const folder = folderIdByName(db, account, deposit.folder) ?? ensureFolder(db, account, deposit.folder, internalDate).id;
  retainBody(db, contentDigest);
  const details = deposit.details ?? detailsOf(structure);
  const mailId = addMail(db, account, { contentDigest, prefix, sizeBytes, structure, details });
  addPlaces(db, folder, [{ mailId, flags, internalDate, savedAt: internalDate, sizeBytes }]);
}

const strip = (id: string): string => id.replace(/[<>\s]/g, '');

/** For a deposit without details: what the structure alone tells. */
function detailsOf(structure: string): MailDetails {
  const { envelope } = parseStructure(structure);
  const messageId = envelope?.messageId === undefined ? undefined : strip(envelope.messageId);
  return { preview: '', references: envelope?.inReplyTo === undefined ? [] : [strip(envelope.inReplyTo)], ...(messageId ? { messageId } : {}) };
}

const BELOW = 'FROM folder_messages JOIN mails ON mails.id = folder_messages.mail_id WHERE folder_id = ? AND uid < ? ORDER BY uid DESC LIMIT ?';
const ABOVE = 'FROM folder_messages JOIN mails ON mails.id = folder_messages.mail_id WHERE folder_id = ? AND uid > ? ORDER BY uid LIMIT ?';
const MESSAGE = `SELECT uid, modseq, flags, internal_date AS "internalDate", saved_at AS "savedAt", mails.size_bytes AS "sizeBytes",
  mail_id AS "mailId", prefix, structure`;
const MESSAGES_BELOW = `${MESSAGE} ${BELOW}`;
const MESSAGES_ABOVE = `${MESSAGE} ${ABOVE}`;
const SIZES_BELOW = `SELECT length(structure) + length(prefix) AS bytes ${BELOW}`;
const SIZES_ABOVE = `SELECT length(structure) + length(prefix) AS bytes ${ABOVE}`;

type StoredRow = Omit<MailboxMessage, 'flags'> & { readonly flags: string };

/** A sender chooses how large the structure of a message is: a listing must not multiply that by a thousand. */
function countThatFit(sizes: readonly { readonly bytes: number }[]): number {
  let total = 0;
  const last = sizes.findIndex(({ bytes }) => (total += bytes) > DIRECTORY_LIMITS.listedBytesMax);
  return last < 0 ? sizes.length : Math.max(1, last);
}

export interface MessageListing extends FolderRef {
  /** Only UIDs above (ascending) or below (descending). */
  readonly from?: number;
  readonly descending?: boolean;
  /** At most DIRECTORY_LIMITS.listedMessagesMax. */
  readonly limit: number;
}

export const mailboxReads = {
  /** Perhaps fewer than asked for (DIRECTORY_LIMITS.listedBytesMax), but none only when there are no more. */
  list(db: Database, args: MessageListing): readonly MailboxMessage[] {
    const folder = requireFolderNamed(db, args.account, args.folder);
    const from = args.from ?? (args.descending ? UID_MAX + 1 : 0);
    const sizes = db.all<{ bytes: number }>(args.descending ? SIZES_BELOW : SIZES_ABOVE, folder.id, from, Math.min(args.limit, DIRECTORY_LIMITS.listedMessagesMax));
    const rows = db.all<StoredRow>(args.descending ? MESSAGES_BELOW : MESSAGES_ABOVE, folder.id, from, countThatFit(sizes));
    return rows.map((row) => ({ ...row, flags: JSON.parse(row.flags) as string[] }));
  },
};
