/** What sessions read of a folder: all of its messages, what changed since a MODSEQ, what vanished. */
import type { FolderChanges, FolderFacts, FolderNews, FolderSnapshot, UidRanges } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { folderById, folderByName, foldersOf, requireAccount } from './folder-rows.ts';
import { packMessages, selectMessages } from './message-columns.ts';
import { inRanges } from './uid-ranges.ts';

export const folderReads = {
  /** Throws a permanent Failure `account-unknown`. */
  list(db: Database, args: { readonly account: string }): readonly FolderFacts[] {
    requireAccount(db, args.account, false);
    return foldersOf(db, args.account);
  },

  find(db: Database, args: { readonly account: string; readonly name: string }): FolderFacts | undefined {
    return folderByName(db, args.account, args.name);
  },

  get(db: Database, args: { readonly id: number }): FolderFacts | undefined {
    return folderById(db, args.id);
  },

  subscriptions(db: Database, args: { readonly viewer: string }): readonly string[] {
    return db.all<{ name: string }>('SELECT name FROM subscriptions WHERE viewer = ? ORDER BY name', args.viewer).map(({ name }) => name);
  },

  /** Where every folder stands, for those who may have missed news: the next after `after`, none at the end. */
  standing(db: Database, args: { readonly after: number; readonly limit: number }): readonly FolderNews[] {
    const rows = db.all<Omit<FolderNews, 'listChanged'>>(
      `SELECT id AS folder, account, highest_modseq AS "highestModseq" FROM folders WHERE id > ? AND account <> '' ORDER BY id LIMIT ?`, args.after, args.limit,
    );
    return rows.map((row) => ({ ...row, listChanged: true }));
  },
};

export const folderMessageReads = {
  snapshot(db: Database, args: { readonly folder: number }): FolderSnapshot | undefined {
    const folder = folderById(db, args.folder);
    return folder && { folder, messages: packMessages(selectMessages(db, 'folder_id = ? ORDER BY uid', args.folder)) };
  },

  changes(db: Database, args: { readonly folder: number; readonly sinceModseq: number }): FolderChanges {
    const folder = folderById(db, args.folder);
    if (!folder) return { folder: undefined, changed: packMessages([]), vanished: new Uint32Array(0) };
    const changed = selectMessages(db, 'folder_id = ? AND modseq > ? ORDER BY uid', args.folder, args.sinceModseq);
    return { folder, changed: packMessages(changed), vanished: remembered(db, args.folder, args.sinceModseq) };
  },

  vanished(db: Database, args: { readonly folder: number; readonly sinceModseq: number; readonly known?: UidRanges }): Uint32Array {
    const { folder, sinceModseq, known } = args;
    const row = db.get<{ forgotten: number; uidNext: number }>('SELECT forgotten_modseq AS forgotten, uid_next AS "uidNext" FROM folders WHERE id = ?', folder);
    if (!row) return new Uint32Array(0);
    if (sinceModseq < row.forgotten) return missing(db, folder, known ?? [[1, row.uidNext - 1]], row.uidNext);
    const found = remembered(db, folder, sinceModseq);
    return known ? found.filter((uid) => inRanges(known, uid)) : found;
  },
};

/** Ascending. */
function remembered(db: Database, folder: number, sinceModseq: number): Uint32Array {
  const rows = db.rows('SELECT uid FROM expunged_messages WHERE folder_id = ? AND modseq > ?', folder, sinceModseq);
  return Uint32Array.from(rows, (row) => row[0] as number).sort();
}

/** RFC 7162 §3.2.5.2: every UID that the client may know and that is not there. */
function missing(db: Database, folder: number, known: UidRanges, uidNext: number): Uint32Array {
  const present = Uint32Array.from(db.rows('SELECT uid FROM folder_messages WHERE folder_id = ? ORDER BY uid', folder), (row) => row[0] as number);
  const gone: number[] = [];
  let at = 0;
  for (const [from, to] of known) {
    for (let uid = from; uid <= to && uid < uidNext; uid += 1) {
      while (at < present.length && (present[at] as number) < uid) at += 1;
      if (present[at] !== uid) gone.push(uid);
    }
  }
  return Uint32Array.from(gone);
}
