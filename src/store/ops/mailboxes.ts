/**
 * Messages in folders. Every change of a message or its flags takes the next MODSEQ of its folder (RFC 7162 §3.1.1);
 * UIDs only grow and are never used again (RFC 9051 §2.3.1.1). Each row holds one reference to its body.
 */
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import type { MailboxDeposit } from '../../contract/queue.ts';
import type { Database } from '../database.ts';
import { normalizeFlags } from '../folder-name.ts';
import { addBody, releaseBody, retainBody } from './bodies.ts';
import type { NewBody } from './bodies.ts';
import { ensureFolder, folderReads, folderWrites, requireFolder } from './folders.ts';
import type { FolderRow } from './folders.ts';

export interface Deposited {
  readonly uid: number;
  readonly uidValidity: number;
}

export interface MailboxMessage {
  readonly uid: number;
  readonly modseq: number;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly savedAt: number;
  readonly sizeBytes: number;
  readonly contentDigest: string;
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
export function depositMessage(db: Database, deposit: MailboxDeposit): Deposited {
  const folder = ensureFolder(db, deposit.account, deposit.folder, deposit.internalDate);
  retainBody(db, deposit.contentDigest);
  return insertMessage(db, folder, { ...deposit, savedAt: deposit.internalDate });
}

type NewMessage = Omit<MailboxMessage, 'uid' | 'modseq'>;

function insertMessage(db: Database, folder: FolderRow, message: NewMessage): Deposited {
  const place = db.get<{ uidNext: number; modseq: number }>(
    `UPDATE folders SET uid_next = uid_next + 1, highest_modseq = highest_modseq + 1 WHERE id = ?
     RETURNING uid_next AS "uidNext", highest_modseq AS modseq`,
    folder.id,
  );
  if (!place) throw new Error(`folder ${folder.id} vanished within a transaction`);
  const uid = place.uidNext - 1;
  const flags = normalizeFlags(message.flags);
  db.run(
    `INSERT INTO mailbox_messages (folder_id, uid, modseq, flags, seen, deleted, internal_date, saved_at, size_bytes, content_digest,
       prefix, structure)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    folder.id, uid, place.modseq, JSON.stringify(flags), has(flags, '\\Seen'), has(flags, '\\Deleted'), message.internalDate,
    message.savedAt, message.sizeBytes, message.contentDigest, message.prefix, message.structure,
  );
  return { uid, uidValidity: folder.uidValidity };
}

function has(flags: readonly string[], flag: string): 0 | 1 {
  return flags.includes(flag) ? 1 : 0;
}

const MESSAGE_COLUMNS = `uid, modseq, flags, internal_date AS "internalDate", saved_at AS "savedAt", size_bytes AS "sizeBytes",
  content_digest AS "contentDigest", prefix, structure`;

type StoredRow = Omit<MailboxMessage, 'flags'> & { readonly flags: string };

function fromRow(row: StoredRow): MailboxMessage {
  return { ...row, flags: JSON.parse(row.flags) as string[] };
}

function find(db: Database, folder: FolderRow, uid: number): MailboxMessage | undefined {
  const row = db.get<StoredRow>(`SELECT ${MESSAGE_COLUMNS} FROM mailbox_messages WHERE folder_id = ? AND uid = ?`, folder.id, uid);
  return row && fromRow(row);
}

function nextModseq(db: Database, folder: FolderRow): number {
  const row = db.get<{ modseq: number }>(
    'UPDATE folders SET highest_modseq = highest_modseq + 1 WHERE id = ? RETURNING highest_modseq AS modseq',
    folder.id,
  );
  return row?.modseq ?? 0;
}

function removeMessage(db: Database, folder: FolderRow, uid: number, modseq: number): void {
  db.run('DELETE FROM mailbox_messages WHERE folder_id = ? AND uid = ?', folder.id, uid);
  db.run('INSERT INTO expunged_messages (folder_id, modseq, uid) VALUES (?, ?, ?)', folder.id, modseq, uid);
}

export interface FlagChange extends FolderRef {
  readonly uids: readonly number[];
  readonly mode: 'add' | 'remove' | 'replace';
  readonly flags: readonly string[];
}

function changed(old: readonly string[], change: FlagChange): readonly string[] {
  const given = normalizeFlags(change.flags);
  if (change.mode === 'replace') return given;
  if (change.mode === 'add') return normalizeFlags([...old, ...given]);
  const gone = new Set(given.map((flag) => flag.toLowerCase()));
  return old.filter((flag) => !gone.has(flag.toLowerCase()));
}

/** Source and target UIDs, pairwise (RFC 4315 §3). */
export interface Transferred {
  readonly uidValidity: number;
  readonly pairs: readonly { readonly from: number; readonly to: number }[];
}

export interface Transfer extends FolderRef {
  readonly uids: readonly number[];
  readonly target: string;
  /** Milliseconds since 1970: the save date of the copies. */
  readonly at: number;
}

function transfer(db: Database, args: Transfer, keepSource: boolean): Transferred {
  const source = requireFolder(db, args.account, args.folder);
  const target = requireFolder(db, args.account, args.target);
  if (source.id === target.id && !keepSource) {
    throw new Failure('same-folder', 'the messages are in that folder already', { temporary: false });
  }
  const pairs: { from: number; to: number }[] = [];
  const modseq = keepSource ? 0 : nextModseq(db, source);
  for (const uid of bounded(args.uids)) {
    const message = find(db, source, uid);
    if (!message) continue;
    // A moved message takes its reference along.
    if (keepSource) retainBody(db, message.contentDigest);
    else removeMessage(db, source, uid, modseq);
    pairs.push({ from: uid, to: insertMessage(db, target, { ...message, savedAt: args.at }).uid });
  }
  return { uidValidity: target.uidValidity, pairs };
}

function deletedRows(db: Database, folder: FolderRow, from: number, to: number, limit: number): { uid: number; digest: string }[] {
  return db.all(
    `SELECT uid, content_digest AS digest FROM mailbox_messages
     WHERE folder_id = ? AND deleted = 1 AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?`,
    folder.id, from, to, limit,
  );
}

function bounded(uids: readonly number[]): readonly number[] {
  if (uids.length > DIRECTORY_LIMITS.listedMessagesMax) {
    throw new Failure('too-many-messages', `at most ${DIRECTORY_LIMITS.listedMessagesMax} messages at once`, { temporary: false });
  }
  return [...new Set(uids)];
}

export interface AppendedMessage extends FolderRef {
  readonly body: NewBody;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly at: number;
  readonly structure: string;
}

export const mailboxWrites = {
  ...folderWrites,

  /** Stores a message that did not come by mail. The folder must exist (RFC 9051 §6.3.12). */
  append(db: Database, args: AppendedMessage): Deposited {
    const folder = requireFolder(db, args.account, args.folder);
    addBody(db, args.body);
    return insertMessage(db, folder, {
      flags: args.flags, internalDate: args.internalDate, savedAt: args.at, sizeBytes: args.body.sizeBytes,
      contentDigest: args.body.digest, prefix: new Uint8Array(0), structure: args.structure,
    });
  },

  /** The messages that are there and their flags afterwards; others are passed over. */
  setFlags(db: Database, args: FlagChange): readonly { readonly uid: number; readonly flags: readonly string[]; readonly modseq: number }[] {
    const folder = requireFolder(db, args.account, args.folder);
    const modseq = nextModseq(db, folder);
    return bounded(args.uids).flatMap((uid) => {
      const message = find(db, folder, uid);
      if (!message) return [];
      const flags = changed(message.flags, args);
      if (flags.join(' ') === message.flags.join(' ')) return [{ uid, flags, modseq: message.modseq }];
      db.run(
        'UPDATE mailbox_messages SET flags = ?, seen = ?, deleted = ?, modseq = ? WHERE folder_id = ? AND uid = ?',
        JSON.stringify(flags), has(flags, '\\Seen'), has(flags, '\\Deleted'), modseq, folder.id, uid,
      );
      return [{ uid, flags, modseq }];
    });
  },

  copy(db: Database, args: Transfer): Transferred {
    return transfer(db, args, true);
  },

  move(db: Database, args: Transfer): Transferred {
    return transfer(db, args, false);
  },

  /** Removes for good what is flagged \Deleted; with `uids`, only those of them (RFC 4315 §2.1). At most 1000 a call, `more` says so. */
  expunge(db: Database, args: FolderRef & { readonly uids?: readonly number[] }): { readonly uids: readonly number[]; readonly more: boolean } {
    const folder = requireFolder(db, args.account, args.folder);
    const max = DIRECTORY_LIMITS.listedMessagesMax;
    const rows = args.uids ? bounded(args.uids).flatMap((uid) => deletedRows(db, folder, uid, uid, 1)) : deletedRows(db, folder, 0, UID_MAX, max + 1);
    const gone = rows.slice(0, max);
    if (gone.length === 0) return { uids: [], more: false };
    const modseq = nextModseq(db, folder);
    for (const row of gone) {
      removeMessage(db, folder, row.uid, modseq);
      releaseBody(db, row.digest);
    }
    return { uids: gone.map((row) => row.uid), more: rows.length > gone.length };
  },
};

/** A UID has 32 bits (RFC 9051 §2.3.1.1). */
const UID_MAX = 0xffff_ffff;
const BELOW = 'FROM mailbox_messages WHERE folder_id = ? AND uid < ? ORDER BY uid DESC LIMIT ?';
const ABOVE = 'FROM mailbox_messages WHERE folder_id = ? AND uid > ? ORDER BY uid LIMIT ?';
const MESSAGES_BELOW = `SELECT ${MESSAGE_COLUMNS} ${BELOW}`;
const MESSAGES_ABOVE = `SELECT ${MESSAGE_COLUMNS} ${ABOVE}`;
const SIZES_BELOW = `SELECT length(structure) + length(prefix) AS bytes ${BELOW}`;
const SIZES_ABOVE = `SELECT length(structure) + length(prefix) AS bytes ${ABOVE}`;

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
  ...folderReads,

  /** Perhaps fewer than asked for (DIRECTORY_LIMITS.listedBytesMax), but none only when there are no more. */
  list(db: Database, args: MessageListing): readonly MailboxMessage[] {
    const folder = requireFolder(db, args.account, args.folder);
    const from = args.from ?? (args.descending ? UID_MAX + 1 : 0);
    const sizes = db.all<{ bytes: number }>(args.descending ? SIZES_BELOW : SIZES_ABOVE, folder.id, from, Math.min(args.limit, DIRECTORY_LIMITS.listedMessagesMax));
    const rows = db.all<StoredRow>(args.descending ? MESSAGES_BELOW : MESSAGES_ABOVE, folder.id, from, countThatFit(sizes));
    return rows.map(fromRow);
  },

  read(db: Database, args: FolderRef & { readonly uid: number }): MailboxMessage | undefined {
    return find(db, requireFolder(db, args.account, args.folder), args.uid);
  },
};
