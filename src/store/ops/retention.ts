/** Mail that has been thrown away for long enough: what to expunge, and what to forget. */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { Database } from '../database.ts';
import { expungeUids } from './folder-messages.ts';
import { requireFolder } from './folder-rows.ts';
import { sweepThreadKeys } from './mail-threads.ts';
import type { ThreadKeyPlace } from './mail-threads.ts';

/** A folder whose mail may have to go. */
export interface KeptFolder {
  readonly id: number;
  readonly account: string;
  readonly name: string;
  readonly specialUse: string | null;
  /** Milliseconds, 0: for ever; null: what the configuration says of its special use. */
  readonly keepMs: number | null;
}

export const retentionReads = {
  /** Folders with mail that are for Trash or Junk, or have a time of their own: the next after `after`. */
  folders(db: Database, args: { readonly after: number; readonly limit: number }): readonly KeptFolder[] {
    return db.all(
      `SELECT id, account, name, special_use AS "specialUse", keep_ms AS "keepMs" FROM folders
       WHERE id > ? AND account <> '' AND messages > 0 AND (special_use LIKE '%Trash%' OR special_use LIKE '%Junk%' OR keep_ms IS NOT NULL)
       ORDER BY id LIMIT ?`,
      args.after, args.limit,
    );
  },

  kept(db: Database, args: { readonly account: string }): readonly KeptFolder[] {
    return db.all(
      `SELECT id, account, name, special_use AS "specialUse", keep_ms AS "keepMs" FROM folders WHERE account = ? AND keep_ms IS NOT NULL ORDER BY name`,
      args.account,
    );
  },

  /** Folders that remember more expunges than they need to. */
  longMemories(db: Database): readonly { readonly folder: number; readonly count: number }[] {
    return db.all(
      'SELECT folder_id AS folder, count(*) AS count FROM expunged_messages GROUP BY folder_id HAVING count(*) > ?', MAILBOX_LIMITS.vanishedRememberedMax,
    );
  },
};

export const retentionWrites = {
  /** Null: as the configuration says. */
  keep(db: Database, args: { readonly folder: number; readonly keepMs: number | null }): void {
    db.run('UPDATE folders SET keep_ms = ? WHERE id = ?', args.keepMs, requireFolder(db, args.folder).id);
  },

  /** Expunges what has been in a folder since before `before`, some at a time; returns how many. */
  expire(db: Database, args: { readonly folder: number; readonly before: number; readonly at: number }): number {
    const rows = db.rows(
      'SELECT uid FROM folder_messages WHERE folder_id = ? AND saved_at < ? ORDER BY uid LIMIT ?', args.folder, args.before, MAILBOX_LIMITS.freedPerOperationMax,
    );
    if (rows.length > 0) expungeUids(db, requireFolder(db, args.folder), rows.map((row) => row[0] as number), args.at);
    return rows.length;
  },

  /** RFC 7162 §3.2.5.2: clients that come back after more than this compare UIDs instead. Returns how many were forgotten. */
  forgetVanished(db: Database, args: { readonly folder: number; readonly count: number }): number {
    const limit = Math.min(args.count, MAILBOX_LIMITS.changedPerOperationMax);
    const rows = db.rows('SELECT modseq, uid FROM expunged_messages WHERE folder_id = ? ORDER BY modseq, uid LIMIT ?', args.folder, limit) as unknown as readonly (readonly [number, number])[];
    const last = rows.at(-1);
    if (!last) return 0;
    db.run('DELETE FROM expunged_messages WHERE folder_id = ? AND (modseq, uid) <= (?, ?)', args.folder, last[0], last[1]);
    // Of the last MODSEQ some may be left; what is remembered in part is not remembered.
    db.run('UPDATE folders SET forgotten_modseq = max(forgotten_modseq, ?) WHERE id = ?', last[0], args.folder);
    return rows.length;
  },

  sweepThreadKeys(db: Database, after: ThreadKeyPlace): ThreadKeyPlace | null {
    return sweepThreadKeys(db, after, MAILBOX_LIMITS.changedPerOperationMax);
  },
};
