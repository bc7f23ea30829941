/**
 * Expunged mail, kept with its flags and dates for as long as it can be undeleted (`[retention] undelete`). Each row is one
 * reference to its mail. The folder is kept by name: it may be gone by then, and is made again.
 */
import type { FolderFacts } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';

/** These messages of a folder are about to be taken out; `uids` is a JSON array. Their references go over to what is kept. */
export function keepExpunged(db: Database, folder: Pick<FolderFacts, 'id' | 'account' | 'name'>, uids: string, at: number): void {
  db.run(
    `INSERT INTO expunged_mails (account, folder, uid, flags, internal_date, size_bytes, mail_id, expunged_at)
     SELECT ?3, ?4, uid, flags, internal_date, size_bytes, mail_id, ?5 FROM folder_messages
     WHERE folder_id = ?1 AND uid IN (SELECT value FROM json_each(?2)) ORDER BY uid`,
    folder.id, uids, folder.account, folder.name, at,
  );
}
