/**
 * Do the books of the mailboxes balance? Counters of folders, references of mails, UIDs and MODSEQs below those that come
 * next, and no row without what it belongs to.
 */
import type { Database } from '../database.ts';

interface Check {
  /** Selects `subject` (and `have`, `want` where figures differ), LIMIT ?. */
  readonly sql: string;
  readonly says: (row: { readonly subject: string | number; readonly have: number | null; readonly want: number | null }) => string;
}

const COUNTERS = ['messages', 'unseen', 'deleted', 'size_bytes'] as const;

/** What a folder counts while it is somebody's; a removed one is being emptied. */
const COUNTED = `SELECT folders.id AS id, count(place.uid) AS messages, coalesce(sum(1 - place.seen), 0) AS unseen, coalesce(sum(place.deleted), 0) AS deleted,
    coalesce(sum(place.size_bytes), 0) AS size_bytes
  FROM folders LEFT JOIN folder_messages AS place ON place.folder_id = folders.id WHERE folders.account <> '' GROUP BY folders.id`;

const CHECKS: readonly Check[] = [
  ...COUNTERS.map((column): Check => ({
    sql: `SELECT folders.id AS subject, folders.${column} AS have, counted.${column} AS want
      FROM (${COUNTED}) AS counted JOIN folders ON folders.id = counted.id WHERE folders.${column} <> counted.${column} LIMIT ?`,
    says: ({ subject, have, want }) => `folder ${subject} counts ${have} (${column}), and has ${want}`,
  })),
  {
    sql: `SELECT mails.id AS subject, mails.refs AS have, coalesce(named.refs, 0) AS want FROM mails LEFT JOIN (
        SELECT mail_id, count(*) AS refs FROM (SELECT mail_id FROM folder_messages UNION ALL SELECT mail_id FROM expunged_mails) GROUP BY mail_id
      ) AS named ON named.mail_id = mails.id WHERE mails.refs <> coalesce(named.refs, 0) LIMIT ?`,
    says: ({ subject, have, want }) => `mail ${subject} counts ${have} references, ${want} name it`,
  },
  {
    sql: 'SELECT folder_id AS subject, uid AS have, mail_id AS want FROM folder_messages WHERE mail_id NOT IN (SELECT id FROM mails) LIMIT ?',
    says: ({ subject, have, want }) => `message ${have} of folder ${subject} names mail ${want}, which is missing`,
  },
  {
    sql: 'SELECT folder_id AS subject, count(*) AS have FROM folder_messages WHERE folder_id NOT IN (SELECT id FROM folders) GROUP BY folder_id LIMIT ?',
    says: ({ subject, have }) => `${have} messages are in folder ${subject}, which is missing: a backup has it`,
  },
  {
    sql: 'SELECT id AS subject, mail_id AS have FROM expunged_mails WHERE mail_id NOT IN (SELECT id FROM mails) LIMIT ?',
    says: ({ subject, have }) => `expunged mail ${subject} names mail ${have}, which is missing`,
  },
  {
    sql: `SELECT folder_id AS subject, max(uid) AS have, folders.uid_next AS want FROM folder_messages JOIN folders ON folders.id = folder_id
      GROUP BY folder_id, folders.uid_next HAVING max(uid) >= folders.uid_next LIMIT ?`,
    says: ({ subject, have, want }) => `folder ${subject} has UID ${have}, and the next one would be ${want}`,
  },
  {
    sql: `SELECT folder_id AS subject, max(modseq) AS have, folders.highest_modseq AS want FROM folder_messages JOIN folders ON folders.id = folder_id
      GROUP BY folder_id, folders.highest_modseq HAVING max(modseq) > folders.highest_modseq LIMIT ?`,
    says: ({ subject, have, want }) => `folder ${subject} has MODSEQ ${have}, above its highest, ${want}`,
  },
  {
    sql: `SELECT gone.folder_id AS subject, gone.uid AS have FROM expunged_messages AS gone
      JOIN folder_messages AS place ON place.folder_id = gone.folder_id AND place.uid = gone.uid LIMIT ?`,
    says: ({ subject, have }) => `UID ${have} of folder ${subject} was expunged and is there`,
  },
  {
    sql: `SELECT gone.folder_id AS subject, max(gone.modseq) AS have, folders.highest_modseq AS want FROM expunged_messages AS gone JOIN folders ON folders.id = gone.folder_id
      GROUP BY gone.folder_id, folders.highest_modseq, folders.uid_next HAVING max(gone.modseq) > folders.highest_modseq OR max(gone.uid) >= folders.uid_next LIMIT ?`,
    says: ({ subject, have, want }) => `folder ${subject} remembers an expunge at MODSEQ ${have}, beyond ${want} or its UIDs`,
  },
  {
    sql: "SELECT id AS subject, account AS have FROM folders WHERE account <> '' AND account NOT IN (SELECT address FROM accounts) LIMIT ?",
    says: ({ subject, have }) => `folder ${subject} belongs to ${have}, which is no account`,
  },
  {
    sql: 'SELECT id AS subject FROM folders WHERE id > (SELECT last FROM folder_ids) LIMIT ?',
    says: ({ subject }) => `folder ${subject} has an id that would be given again`,
  },
  {
    sql: "SELECT folder_id AS subject FROM mailbox_annotations WHERE folder_id <> 0 AND folder_id NOT IN (SELECT id FROM folders WHERE account <> '') LIMIT ?",
    says: ({ subject }) => `annotations belong to folder ${subject}, which is gone`,
  },
];

/** One sentence for each thing that is not as it should be. */
export function mailboxProblems(db: Database, max: number): readonly string[] {
  return CHECKS.flatMap(({ sql, says }) => db.all<Parameters<typeof says>[0]>(sql, max).map(says)).slice(0, max);
}
