/**
 * Messages in folders: appended, copied, moved, expunged. UIDs only grow and are never used again (RFC 9051 §2.3.1.1);
 * every change takes the next MODSEQ of its folder (RFC 7162 §3.1.1). A place in a folder is one reference to its mail.
 */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { FolderFacts, UidRanges } from '../../contract/mailbox.ts';
import { mayChange } from '../../mail/flag-rights.ts';
import type { Database } from '../database.ts';
import { normalizeFlags } from '../folder-name.ts';
import { addBody } from './bodies.ts';
import type { NewBody } from './bodies.ts';
import { keepExpunged } from './expunged-mails.ts';
import { changeFolder, requireFolder, tellFacts, UID_MAX } from './folder-rows.ts';
import type { FolderPlace } from './folder-rows.ts';
import { requireRoom } from './mail-quotas.ts';
import { mailboxSetting } from './mailbox-settings.ts';
import { addMail, releaseMails, retainMails } from './mails.ts';
import type { StoredDetails } from './mails.ts';
import { flagWrites, has } from './message-flags.ts';
import { rowsInRanges } from './uid-ranges.ts';

export interface NewPlace {
  readonly mailId: number;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly savedAt: number;
  readonly sizeBytes: number;
}

/** Puts mails into a folder, with the reference that each of them comes with. Throws Failure `flag-refused`. */
export function addPlaces(db: Database, folder: number, places: readonly NewPlace[]): FolderPlace {
  const flagged = places.map((place) => ({ ...place, flags: normalizeFlags(place.flags) }));
  const count = (flag: string): number => flagged.reduce((sum, { flags }) => sum + has(flags, flag), 0);
  const place = changeFolder(db, folder, {
    messages: places.length, unseen: places.length - count('\\Seen'), deleted: count('\\Deleted'), uids: places.length,
    sizeBytes: places.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  });
  for (const [at, { flags, internalDate, savedAt, sizeBytes, mailId }] of flagged.entries()) {
    db.run(
      `INSERT INTO folder_messages (folder_id, uid, modseq, flags, seen, deleted, internal_date, saved_at, size_bytes, mail_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      folder, place.firstUid + at, place.modseq, JSON.stringify(flags), has(flags, '\\Seen'), has(flags, '\\Deleted'), internalDate, savedAt,
      sizeBytes, mailId,
    );
  }
  return place;
}

export interface AppendedMail {
  readonly body: NewBody;
  readonly structure: string;
  readonly details: StoredDetails;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
}

export interface AppendArgs {
  readonly folder: number;
  readonly mails: readonly AppendedMail[];
  readonly at: number;
}

export interface Appended {
  readonly uidValidity: number;
  readonly firstUid: number;
  readonly highestModseq: number;
}

function append(db: Database, { folder: id, mails, at }: AppendArgs): Appended {
  const folder = requireFolder(db, id);
  requireRoom(db, folder.account, { messages: mails.length, bytes: mails.reduce((sum, { body }) => sum + body.sizeBytes, 0) });
  const places = mails.map(({ body, structure, details, flags, internalDate }): NewPlace => {
    addBody(db, body);
    const mailId = addMail(db, folder.account, { contentDigest: body.digest, prefix: new Uint8Array(0), sizeBytes: body.sizeBytes, structure, details });
    return { mailId, flags, internalDate, savedAt: at, sizeBytes: body.sizeBytes };
  });
  const { modseq, firstUid } = addPlaces(db, id, places);
  return { uidValidity: folder.uidValidity, firstUid, highestModseq: modseq };
}

/** What becomes of a set of messages of one folder is done by statements over all of them: uids as a JSON array, or the mails behind them. */
const THESE = 'folder_id = ?1 AND uid IN (SELECT value FROM json_each(?2))';

interface Sums {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
}

function sumsOf(db: Database, folder: number, uids: string): Sums {
  return db.get<Sums>(
    `SELECT count(*) AS messages, coalesce(sum(1 - seen), 0) AS unseen, coalesce(sum(deleted), 0) AS deleted, coalesce(sum(size_bytes), 0) AS "sizeBytes"
     FROM folder_messages WHERE ${THESE}`,
    folder, uids,
  ) as Sums;
}

/** Takes rows out of a folder; their references to mails are the caller's now. Returns the MODSEQ at which they vanished. */
function takeOut(db: Database, folder: number, uids: string, { messages, unseen, deleted, sizeBytes }: Sums): number {
  const { modseq } = changeFolder(db, folder, { messages: -messages, unseen: -unseen, deleted: -deleted, sizeBytes: -sizeBytes });
  db.run('INSERT INTO expunged_messages (folder_id, modseq, uid) SELECT folder_id, ?3, uid FROM folder_messages WHERE ' + THESE, folder, uids, modseq);
  db.run(`DELETE FROM folder_messages WHERE ${THESE}`, folder, uids);
  return modseq;
}

export interface TransferArgs {
  readonly source: number;
  readonly uids: UidRanges;
  readonly target: number;
  readonly at: number;
  readonly keep: boolean;
  /** On the target: flags that they do not allow to set stay behind. Default all. */
  readonly rights?: string;
}

export interface Transferred {
  readonly uidValidity: number;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** Of the target. */
  readonly highestModseq: number;
}

const UIDS = 'SELECT uid FROM folder_messages WHERE folder_id = ? AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?';

function transfer(db: Database, args: TransferArgs): Transferred {
  const source = requireFolder(db, args.source);
  const target = requireFolder(db, args.target);
  const { rows, next } = rowsInRanges(db, UIDS, source.id, args.uids, MAILBOX_LIMITS.transferredMax);
  if (next) throw new Failure('too-many-messages', `at most ${MAILBOX_LIMITS.transferredMax} messages at once`, { temporary: false });
  const from = Uint32Array.from(rows, (row) => row[0] as number);
  const result = { uidValidity: target.uidValidity, from };
  if (from.length === 0) return { ...result, to: new Uint32Array(0), highestModseq: target.highestModseq };
  const uids = JSON.stringify([...from]);
  const sums = sumsOf(db, source.id, uids);
  if (args.keep || source.account !== target.account) requireRoom(db, target.account, { messages: sums.messages, bytes: sums.sizeBytes });
  const { rights = 'stw' } = args;
  const arriving = { ...sums, unseen: rights.includes('s') ? sums.unseen : sums.messages, deleted: rights.includes('t') ? sums.deleted : 0 };
  const { modseq, firstUid } = changeFolder(db, target.id, { ...arriving, uids: from.length });
  db.run(
    `INSERT INTO folder_messages (folder_id, uid, modseq, flags, seen, deleted, internal_date, saved_at, size_bytes, mail_id)
     SELECT ?3, ?4 + row_number() OVER (ORDER BY uid) - 1, ?5, flags, seen, deleted, internal_date, ?6, size_bytes, mail_id
     FROM folder_messages WHERE ${THESE}`,
    source.id, uids, target.id, firstUid, modseq, args.at,
  );
  leaveFlags(db, target.id, firstUid, rights);
  if (args.keep) retainCopies(db, source.id, uids);
  const highestModseq = args.keep ? modseq : takeOutMoved(db, source, target, uids, sums, modseq);
  return { ...result, to: Uint32Array.from(from, (_, at) => firstUid + at), highestModseq };
}

/** Takes the flags that `rights` do not allow to set from the messages that have just come, from `firstUid` on. */
function leaveFlags(db: Database, folder: number, firstUid: number, rights: string): void {
  if (['s', 't', 'w'].every((right) => rights.includes(right))) return;
  for (const { flags } of db.all<{ flags: string }>('SELECT DISTINCT flags FROM folder_messages WHERE folder_id = ? AND uid >= ?', folder, firstUid)) {
    const kept = (JSON.parse(flags) as string[]).filter((flag) => mayChange(rights, flag));
    db.run(
      'UPDATE folder_messages SET flags = ?, seen = ?, deleted = ? WHERE folder_id = ? AND uid >= ? AND flags = ?',
      JSON.stringify(kept), has(kept, '\\Seen'), has(kept, '\\Deleted'), folder, firstUid, flags,
    );
  }
}

/** Every message of a folder, e.g. of a renamed INBOX. */
export function transferAll(db: Database, source: FolderFacts, target: FolderFacts, at: number): void {
  if (source.messages > 0) transfer(db, { source: source.id, uids: EVERY_UID, target: target.id, at, keep: false });
}

/** Two places of a folder may name the same mail. */
function retainCopies(db: Database, folder: number, uids: string): void {
  const rows = db.rows(`SELECT mail_id, count(*) FROM folder_messages WHERE ${THESE} GROUP BY mail_id`, folder, uids) as unknown as readonly (readonly [number, number])[];
  retainMails(db, rows.map(([id]) => id));
  for (const [id, count] of rows) if (count > 1) db.run('UPDATE mails SET refs = refs + ? WHERE id = ?', count - 1, id);
}

/** Moved within its folder (RFC 6851 allows it), a message gets a new UID. */
function takeOutMoved(db: Database, source: FolderFacts, target: FolderFacts, uids: string, sums: Sums, modseq: number): number {
  const vanishedAt = takeOut(db, source.id, uids, sums);
  return source.id === target.id ? vanishedAt : modseq;
}

const DELETED = 'SELECT uid FROM folder_messages WHERE folder_id = ? AND uid BETWEEN ? AND ? AND deleted = 1 ORDER BY uid LIMIT ?';
const ANY = 'SELECT uid FROM folder_messages WHERE folder_id = ? AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?';
const EVERY_UID: UidRanges = [[1, UID_MAX]];

export interface Expunged {
  readonly uids: Uint32Array;
  readonly highestModseq: number;
  /** What is left to do; null when nothing is. */
  readonly next: UidRanges | null;
}

/** Removes these messages: kept for undeletion, or freed. */
export function expungeUids(db: Database, folder: FolderFacts, uids: readonly number[], at: number): number {
  const json = JSON.stringify(uids);
  const keeping = mailboxSetting(db, 'undeleteMs') > 0;
  const freed = keeping ? [] : (db.rows(`SELECT mail_id FROM folder_messages WHERE ${THESE}`, folder.id, json) as unknown as readonly (readonly [number])[]);
  if (keeping) keepExpunged(db, folder, json, at);
  const modseq = takeOut(db, folder.id, json, sumsOf(db, folder.id, json));
  releaseMails(db, freed.map(([id]) => id));
  return modseq;
}

export const folderMessageWrites = {
  ...flagWrites,

  /** All or none. Throws Failure `folder-unknown`, `over-quota`, `flag-refused`. */
  append(db: Database, args: AppendArgs): Appended {
    return append(db, args);
  },

  /** RFC 8508. When the replaced message is gone the new one is stored all the same. */
  replace(db: Database, args: AppendArgs & { readonly source: number; readonly uid: number }): Appended {
    const source = requireFolder(db, args.source);
    const there = db.get('SELECT 1 AS found FROM folder_messages WHERE folder_id = ? AND uid = ?', args.source, args.uid) !== undefined;
    // First, so that a full mailbox has room for the draft that takes the place of another.
    const vanishedAt = there ? expungeUids(db, source, [args.uid], args.at) : 0;
    const appended = append(db, args);
    return args.source === args.folder ? { ...appended, highestModseq: Math.max(appended.highestModseq, vanishedAt) } : appended;
  },

  /** In one commit, whatever their number. Throws Failure `folder-unknown`, `over-quota`. */
  transfer(db: Database, args: TransferArgs): Transferred {
    return transfer(db, args);
  },

  /** `anyFlags`: those without \Deleted as well; `uids` are named then. */
  expunge(db: Database, args: { readonly folder: number; readonly uids?: UidRanges; readonly at: number; readonly anyFlags?: boolean }): Expunged {
    const folder = requireFolder(db, args.folder);
    const none = { uids: new Uint32Array(0), highestModseq: folder.highestModseq, next: null };
    if (folder.deleted === 0 && args.anyFlags !== true) return none;
    const { rows, next } = rowsInRanges(db, args.anyFlags === true ? ANY : DELETED, folder.id, args.uids ?? EVERY_UID, MAILBOX_LIMITS.freedPerOperationMax);
    if (rows.length === 0) return { ...none, next };
    const uids = rows.map((row) => row[0] as number);
    return { uids: Uint32Array.from(uids), highestModseq: expungeUids(db, folder, uids, args.at), next };
  },

  /** The first UID that is \Recent; none is any more. */
  claimRecent(db: Database, args: { readonly folder: number }): number {
    const { recentFromUid } = requireFolder(db, args.folder);
    db.run('UPDATE folders SET recent_from_uid = uid_next WHERE id = ?', args.folder);
    tellFacts(db, requireFolder(db, args.folder));
    return recentFromUid;
  },
};
