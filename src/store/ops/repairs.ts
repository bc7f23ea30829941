/**
 * Puts right what `verify` finds and what can be told from the rest: counters and references are counted anew, numbers that
 * come next are raised above those in use, rows that belong to nothing go. A message whose bytes are gone stays where it
 * is: only a backup has them.
 */
import type { Database } from '../database.ts';
import { tellListChanged } from './folder-rows.ts';

/** Each touches only rows that are wrong, so that nothing changes twice. */
const REPAIRS: readonly { readonly what: string; readonly sql: string }[] = [
  { what: 'messages that name no mail', sql: 'DELETE FROM folder_messages WHERE mail_id NOT IN (SELECT id FROM mails)' },
  { what: 'thrown-away messages that name no mail', sql: 'DELETE FROM expunged_mails WHERE mail_id NOT IN (SELECT id FROM mails)' },
  { what: 'expunges of messages that are there', sql: 'DELETE FROM expunged_messages WHERE (folder_id, uid) IN (SELECT folder_id, uid FROM folder_messages)' },
  { what: 'annotations of folders that are gone', sql: "DELETE FROM mailbox_annotations WHERE folder_id <> 0 AND folder_id NOT IN (SELECT id FROM folders WHERE account <> '')" },
  {
    what: 'references to mails',
    sql: `UPDATE mails SET refs = coalesce(named.refs, 0) FROM (SELECT mails.id AS id, (
        (SELECT count(*) FROM folder_messages WHERE mail_id = mails.id) + (SELECT count(*) FROM expunged_mails WHERE mail_id = mails.id)) AS refs FROM mails) AS named
      WHERE named.id = mails.id AND mails.refs <> named.refs`,
  },
  { what: 'mails that nothing names', sql: 'DELETE FROM mails WHERE refs = 0' },
  {
    what: 'counters of folders',
    sql: `UPDATE folders SET messages = counted.messages, unseen = counted.unseen, deleted = counted.deleted, size_bytes = counted.size_bytes
      FROM (SELECT folders.id AS id, count(place.uid) AS messages, coalesce(sum(1 - place.seen), 0) AS unseen, coalesce(sum(place.deleted), 0) AS deleted,
          coalesce(sum(place.size_bytes), 0) AS size_bytes
        FROM folders LEFT JOIN folder_messages AS place ON place.folder_id = folders.id WHERE folders.account <> '' GROUP BY folders.id) AS counted
      WHERE counted.id = folders.id AND (folders.messages, folders.unseen, folders.deleted, folders.size_bytes) <> (counted.messages, counted.unseen, counted.deleted, counted.size_bytes)`,
  },
  {
    what: 'UIDs that would be given again',
    sql: `UPDATE folders SET uid_next = used.next FROM (SELECT folder_id, max(uid) + 1 AS next FROM
        (SELECT folder_id, uid FROM folder_messages UNION ALL SELECT folder_id, uid FROM expunged_messages) GROUP BY folder_id) AS used
      WHERE used.folder_id = folders.id AND folders.uid_next < used.next`,
  },
  {
    what: 'MODSEQs that would be given again',
    sql: `UPDATE folders SET highest_modseq = used.highest FROM (SELECT folder_id, max(modseq) AS highest FROM
        (SELECT folder_id, modseq FROM folder_messages UNION ALL SELECT folder_id, modseq FROM expunged_messages) GROUP BY folder_id) AS used
      WHERE used.folder_id = folders.id AND folders.highest_modseq < used.highest`,
  },
  { what: 'ids of folders that would be given again', sql: 'UPDATE folder_ids SET last = (SELECT max(id) FROM folders) WHERE last < (SELECT max(id) FROM folders)' },
  {
    what: 'references to bodies',
    sql: `WITH named AS MATERIALIZED (SELECT unhex(digest) AS digest, count(*) AS refs FROM (
        SELECT content_digest AS digest FROM messages WHERE finished_at IS NULL UNION ALL SELECT content_digest AS digest FROM mails) GROUP BY 1)
      UPDATE bodies SET refs = named.refs FROM named WHERE named.digest = bodies.digest AND bodies.refs <> named.refs`,
  },
  {
    what: 'bodies that nothing names',
    sql: `DELETE FROM bodies WHERE digest NOT IN (SELECT unhex(content_digest) FROM messages WHERE finished_at IS NULL UNION SELECT unhex(content_digest) FROM mails)`,
  },
  { what: 'contents that belong to no body', sql: 'DELETE FROM contents WHERE id NOT IN (SELECT content_id FROM bodies WHERE content_id IS NOT NULL)' },
];

/** Whoever keeps facts of folders in memory asks for them again. */
function tellAll(db: Database): void {
  for (const folder of db.all<{ id: number; account: string; highestModseq: number }>(`SELECT id, account, highest_modseq AS "highestModseq" FROM folders WHERE account <> ''`)) tellListChanged(db, folder);
}

export interface Repair {
  readonly what: string;
  readonly rows: number;
}

export const repairWrites = {
  /** What was put right. Reads every table: for an administrator's order, not for every day. */
  books(db: Database): readonly Repair[] {
    const done = REPAIRS.map(({ what, sql }) => ({ what, rows: db.run(sql).changes })).filter(({ rows }) => rows > 0);
    if (done.length > 0) tellAll(db);
    return done;
  },

  /** The structure of a mail as its bytes have it. False when the mail is gone. */
  structure(db: Database, args: { readonly mailId: number; readonly structure: string }): boolean {
    return db.run('UPDATE mails SET structure = ? WHERE id = ?', args.structure, args.mailId).changes > 0;
  },
};
