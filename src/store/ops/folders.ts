/**
 * Folders of accounts. UIDVALIDITY comes from one counter that follows the clock and only grows, so that a folder made
 * anew under an old name never repeats one (RFC 9051 §2.3.1.1).
 */
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import type { Database } from '../database.ts';
import { FIRST_FOLDERS, normalizeFolderName } from '../folder-name.ts';
import { releaseBody } from './bodies.ts';

export interface FolderRow {
  readonly id: number;
  readonly uidValidity: number;
}

export interface Folder {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: number;
  readonly specialUse: string | null;
  readonly subscribed: boolean;
  readonly messages: number;
  readonly unseen: number;
}

function findFolder(db: Database, account: string, name: string): FolderRow | undefined {
  return db.get<FolderRow>('SELECT id, uid_validity AS "uidValidity" FROM folders WHERE account = ? AND name = ?', account, normalizeFolderName(name));
}

/** Throws a permanent Failure `folder-unknown` or `account-unknown`. */
export function requireFolder(db: Database, account: string, name: string): FolderRow {
  const row = findFolder(db, account, name);
  if (row) return row;
  requireAccount(db, account, false);
  throw new Failure('folder-unknown', `${account} has no folder ${normalizeFolderName(name)}`, { temporary: false });
}

/** Finds or makes it. A missing account is a temporary Failure: the next attempt of the delivery finds that out and bounces. */
export function ensureFolder(db: Database, account: string, name: string, at: number): FolderRow {
  return findFolder(db, account, name) ?? (requireAccount(db, account, true), createFolder(db, account, name, at));
}

/** For a new account, in the transaction that adds it. */
export function createFirstFolders(db: Database, account: string, at: number): void {
  for (const { name, specialUse } of FIRST_FOLDERS) createFolder(db, account, name, at, specialUse);
}

/** With the account. What is in its folders goes by and by: see sweepRemoved. */
export function removeFolders(db: Database, account: string): void {
  for (const { id } of db.all<{ id: number }>('SELECT id FROM folders WHERE account = ?', account)) removeFolder(db, id);
}

/** No address is empty: folders of this account are nobody's any more, and wait for their messages to be removed. */
const NOBODY = '';

function removeFolder(db: Database, id: number): void {
  db.run('UPDATE folders SET account = ?, name = ? WHERE id = ?', NOBODY, String(id), id);
}

/** Removes the next messages of a removed folder, with their references to bodies; true when the folder is empty. */
function emptyFolder(db: Database, id: number): boolean {
  const limit = DIRECTORY_LIMITS.removedMessagesMax;
  const rows = db.all<{ uid: number; digest: string }>(
    'SELECT uid, content_digest AS digest FROM mailbox_messages WHERE folder_id = ? ORDER BY uid LIMIT ?', id, limit,
  );
  for (const { uid, digest } of rows) {
    releaseBody(db, digest);
    db.run('DELETE FROM mailbox_messages WHERE folder_id = ? AND uid = ?', id, uid);
  }
  if (rows.length === limit) return false;
  const { changes } = db.run(
    `DELETE FROM expunged_messages WHERE folder_id = ?1 AND (modseq, uid) IN
       (SELECT modseq, uid FROM expunged_messages WHERE folder_id = ?1 LIMIT ?2)`,
    id, limit,
  );
  return changes < limit;
}

function createFolder(db: Database, account: string, name: string, at: number, specialUse?: string): FolderRow {
  const have = db.get<{ count: number }>('SELECT count(*) AS count FROM folders WHERE account = ?', account)?.count ?? 0;
  if (have >= DIRECTORY_LIMITS.foldersMax) {
    throw new Failure('too-many-folders', `${account} has ${have} folders, which is the most an account can have`, { temporary: false });
  }
  const uidValidity = nextUidValidity(db, at);
  const { lastId } = db.run(
    `INSERT INTO folders (account, name, uid_validity, uid_next, highest_modseq, special_use, subscribed) VALUES (?, ?, ?, 1, 1, ?, 1)`,
    account, normalizeFolderName(name), uidValidity, specialUse ?? null,
  );
  return { id: lastId, uidValidity };
}

function nextUidValidity(db: Database, at: number): number {
  const last = db.get<{ last: number }>('SELECT last FROM uid_validity WHERE id = 1')?.last ?? 0;
  const next = Math.max(Math.floor(at / 1000), last + 1);
  db.run('UPDATE uid_validity SET last = ? WHERE id = 1', next);
  return next;
}

function requireAccount(db: Database, account: string, temporary: boolean): void {
  if (db.get('SELECT 1 AS found FROM accounts WHERE address = ?', account)) return;
  throw new Failure('account-unknown', `there is no account ${account}`, { temporary });
}

export const folderWrites = {
  /** Throws Failure `folder-exists`. */
  createFolder(db: Database, args: { readonly account: string; readonly folder: string; readonly at: number }): { readonly uidValidity: number } {
    requireAccount(db, args.account, false);
    if (findFolder(db, args.account, args.folder)) {
      throw new Failure('folder-exists', `${args.account} has a folder ${normalizeFolderName(args.folder)} already`, { temporary: false });
    }
    return { uidValidity: createFolder(db, args.account, args.folder, args.at).uidValidity };
  },

  /** One bounded piece of what removed folders still hold; `more` says whether to call again. */
  sweepRemoved(db: Database): { readonly more: boolean } {
    const folder = db.get<{ id: number }>('SELECT id FROM folders WHERE account = ? LIMIT 1', NOBODY);
    if (!folder) return { more: false };
    if (emptyFolder(db, folder.id)) db.run('DELETE FROM folders WHERE id = ?', folder.id);
    return { more: true };
  },

  /** With every message in it. INBOX stays. */
  removeFolder(db: Database, args: { readonly account: string; readonly folder: string }): void {
    if (normalizeFolderName(args.folder) === 'INBOX') throw new Failure('folder-needed', 'INBOX cannot be removed', { temporary: false });
    removeFolder(db, requireFolder(db, args.account, args.folder).id);
  },
};

export const folderReads = {
  /** INBOX first, then by name. */
  folders(db: Database, args: { readonly account: string }): readonly Folder[] {
    requireAccount(db, args.account, false);
    const rows = db.all<Omit<Folder, 'subscribed'> & { readonly subscribed: number }>(
      `SELECT name, uid_validity AS "uidValidity", uid_next AS "uidNext", highest_modseq AS "highestModseq",
         special_use AS "specialUse", subscribed,
         (SELECT count(*) FROM mailbox_messages WHERE folder_id = folders.id) AS messages,
         (SELECT count(*) FROM mailbox_messages WHERE folder_id = folders.id AND seen = 0) AS unseen
       FROM folders WHERE account = ? ORDER BY name <> 'INBOX', name`,
      args.account,
    );
    return rows.map((row) => ({ ...row, subscribed: row.subscribed === 1 }));
  },
};
