/**
 * The row of a folder: finding it, its next UIDs and MODSEQ, its counters, and the news of its change. Whoever changes a
 * folder does it through here, so that counters, MODSEQ and news go together.
 */
import { Failure } from '../../base/errors.ts';
import type { FolderFacts } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { normalizeFolderName } from '../folder-name.ts';

/** No address is empty: folders of this account are nobody's any more, and wait for their messages to be removed. */
export const NOBODY = '';

const COLUMNS = `id, account, name, uid_validity AS "uidValidity", uid_next AS "uidNext", highest_modseq AS "highestModseq",
  special_use AS "specialUse", messages, unseen, deleted, size_bytes AS "sizeBytes", recent_from_uid AS "recentFromUid", created_at AS "createdAt"`;

type FolderRow = Omit<FolderFacts, 'specialUse' | 'objectId'> & { readonly specialUse: string | null };

/** Undefined for those that were removed, too. */
export function folderById(db: Database, id: number): FolderFacts | undefined {
  return factsOf(db.get<FolderRow>(`SELECT ${COLUMNS} FROM folders WHERE id = ? AND account <> ''`, id));
}

/** Throws Failure `folder-name-refused`. */
export function folderByName(db: Database, account: string, name: string): FolderFacts | undefined {
  return factsOf(db.get<FolderRow>(`SELECT ${COLUMNS} FROM folders WHERE account = ? AND name = ?`, account, normalizeFolderName(name)));
}

/** The same without the facts, for each delivery; a name that is not normal is of no folder. */
export function folderIdByName(db: Database, account: string, name: string): number | undefined {
  return db.get<{ id: number }>('SELECT id FROM folders WHERE account = ? AND name = ?', account, name)?.id;
}

/** INBOX first, then by name. */
export function foldersOf(db: Database, account: string): readonly FolderFacts[] {
  const rows = db.all<FolderRow>(`SELECT ${COLUMNS} FROM folders WHERE account = ? ORDER BY name <> 'INBOX', name`, account);
  return rows.map((row) => factsOf(row) as FolderFacts);
}

function factsOf(row: FolderRow | undefined): FolderFacts | undefined {
  if (!row) return undefined;
  // RFC 8474 §4.1: ids are never used again, so they do for MAILBOXID.
  return { ...row, specialUse: row.specialUse === null || row.specialUse === '' ? [] : row.specialUse.split(' '), objectId: `F${row.id}` };
}

/** Throws a permanent Failure `folder-unknown`. */
export function requireFolder(db: Database, id: number): FolderFacts {
  const folder = folderById(db, id);
  if (!folder) throw new Failure('folder-unknown', 'the folder is not there any more', { temporary: false });
  return folder;
}

/** Throws a permanent Failure `folder-unknown` or `account-unknown`. */
export function requireFolderNamed(db: Database, account: string, name: string): FolderFacts {
  const folder = folderByName(db, account, name);
  if (folder) return folder;
  requireAccount(db, account, false);
  throw new Failure('folder-unknown', `${account} has no folder ${normalizeFolderName(name)}`, { temporary: false });
}

export function requireAccount(db: Database, account: string, temporary: boolean): void {
  if (db.get('SELECT 1 AS found FROM accounts WHERE address = ?', account)) return;
  throw new Failure('account-unknown', `there is no account ${account}`, { temporary });
}

/** What a change adds to the counters; negative numbers take away. */
export interface FolderDelta {
  readonly messages?: number;
  readonly unseen?: number;
  readonly deleted?: number;
  readonly sizeBytes?: number;
  /** How many UIDs are taken. */
  readonly uids?: number;
}

/** The MODSEQ of the change, and the first of the UIDs taken. */
export interface FolderPlace {
  readonly modseq: number;
  readonly firstUid: number;
}

/** A UID has 32 bits (RFC 9051 §2.3.1.1). */
export const UID_MAX = 0xffff_ffff;

/** Takes the next MODSEQ (RFC 7162 §3.1.1), adjusts the counters and tells the news. */
export function changeFolder(db: Database, folder: number, delta: FolderDelta): FolderPlace {
  const { messages = 0, unseen = 0, deleted = 0, sizeBytes = 0, uids = 0 } = delta;
  const row = db.get<{ account: string; modseq: number; uidNext: number }>(
    `UPDATE folders SET highest_modseq = highest_modseq + 1, messages = messages + ?, unseen = unseen + ?, deleted = deleted + ?,
       size_bytes = size_bytes + ?, uid_next = uid_next + ? WHERE id = ?
     RETURNING account, highest_modseq AS modseq, uid_next AS "uidNext"`,
    messages, unseen, deleted, sizeBytes, uids, folder,
  );
  if (!row) throw new Error(`folder ${folder} vanished within a transaction`);
  if (row.uidNext > UID_MAX) throw new Failure('folder-worn-out', 'the folder has used up its UIDs: move its messages to a new one', { temporary: false });
  tellFolder(db, { folder, account: row.account, highestModseq: row.modseq, listChanged: false });
  return { modseq: row.modseq, firstUid: row.uidNext - uids };
}

/** The list of folders changed: made, renamed, removed, shared, subscribed, annotated. */
export function tellListChanged(db: Database, { id, account, highestModseq }: Pick<FolderFacts, 'id' | 'account' | 'highestModseq'>): void {
  tellFolder(db, { folder: id, account, highestModseq, listChanged: true });
}

/** Something that has no MODSEQ is other than it was. */
export function tellFacts(db: Database, { id, account, highestModseq }: Pick<FolderFacts, 'id' | 'account' | 'highestModseq'>): void {
  tellFolder(db, { folder: id, account, highestModseq, listChanged: false });
}

function tellFolder(db: Database, news: Parameters<Database['news']['add']>[0]): void {
  if (db.news.wanted) db.afterCommit(() => db.news.add(news));
}
