/** Expunged mail (expunged-mails.ts) listed, brought back, and forgotten when its time is over. */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { Database } from '../database.ts';
import { addPlaces } from './folder-messages.ts';
import { ensureFolder } from './folders.ts';
import { requireRoom } from './mail-quotas.ts';
import { releaseMails } from './mails.ts';

export interface ExpungedMail {
  /** Grows with the time of the expunge. */
  readonly id: number;
  readonly folder: string;
  readonly uid: number;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly sizeBytes: number;
  readonly mailId: number;
  readonly expungedAt: number;
}

type StoredRow = Omit<ExpungedMail, 'flags'> & { readonly flags: string };

const COLUMNS = `id, folder, uid, flags, internal_date AS "internalDate", size_bytes AS "sizeBytes", mail_id AS "mailId",
  expunged_at AS "expungedAt"`;

export interface ExpungedListing {
  readonly account: string;
  /** Name; null: all. */
  readonly folder: string | null;
  /** Expunged at that time or later; milliseconds since 1970. */
  readonly since: number;
  /** Only those with a higher id. */
  readonly after: number;
  readonly limit: number;
}

function listed(db: Database, { account, folder, since, after, limit }: ExpungedListing): readonly ExpungedMail[] {
  const rows = db.all<StoredRow>(
    `SELECT ${COLUMNS} FROM expunged_mails
     WHERE account = ?1 AND expunged_at >= ?2 AND id > ?3 AND (?4 IS NULL OR folder = ?4) ORDER BY id LIMIT ?5`,
    account, since, after, folder, limit,
  );
  return rows.map((row) => ({ ...row, flags: JSON.parse(row.flags) as string[] }));
}

export const undeleteReads = {
  /** Oldest expunge first. */
  list(db: Database, args: ExpungedListing): readonly ExpungedMail[] {
    return listed(db, args);
  },
};

export interface Restored {
  readonly count: number;
  /** The id to go on after; null at the end. */
  readonly next: number | null;
}

/** Puts mails back where they were, with flags and dates, under new UIDs; the reference goes over. */
function restore(db: Database, listing: ExpungedListing, at: number): Restored {
  const mails = listed(db, listing);
  requireRoom(db, listing.account, { messages: mails.length, bytes: mails.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) });
  for (const [name, group] of Map.groupBy(mails, ({ folder }) => folder)) {
    const folder = ensureFolder(db, listing.account, name, at);
    addPlaces(db, folder.id, group.map(({ mailId, flags, internalDate, sizeBytes }) => ({
      mailId, internalDate, sizeBytes, savedAt: at, flags: flags.filter((flag) => flag !== '\\Deleted'),
    })));
  }
  db.run('DELETE FROM expunged_mails WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(mails.map(({ id }) => id)));
  return { count: mails.length, next: mails.length < listing.limit ? null : (mails.at(-1)?.id ?? null) };
}

export const undeleteWrites = {
  /** Throws Failure `over-quota`. */
  restore(db: Database, args: ExpungedListing & { readonly at: number }): Restored {
    return restore(db, args, args.at);
  },

  /** Frees what was expunged before, some at a time; returns how many. */
  forget(db: Database, args: { readonly before: number }): number {
    const rows = db.all<{ id: number; mailId: number }>(
      'SELECT id, mail_id AS "mailId" FROM expunged_mails WHERE expunged_at < ? ORDER BY expunged_at LIMIT ?', args.before, MAILBOX_LIMITS.freedPerOperationMax,
    );
    releaseMails(db, rows.map(({ mailId }) => mailId));
    db.run('DELETE FROM expunged_mails WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(rows.map(({ id }) => id)));
    return rows.length;
  },
};
