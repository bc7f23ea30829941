/**
 * Removed folders: gone with the first commit, emptied afterwards in pieces, so that mail in transit never waits for it.
 * After a crash the next start goes on. What a folder held can be undeleted like expunged mail; what an account held not.
 */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import type { FolderFacts } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { NOBODY, tellListChanged } from './folder-rows.ts';
import { keepExpunged } from './expunged-mails.ts';
import { mailboxSetting } from './mailbox-settings.ts';
import { releaseMails } from './mails.ts';

/** `keptAt`: undelete its messages until so long after that time; undefined: not at all. */
export function removeFolderRow(db: Database, folder: FolderFacts, keptAt: number | undefined): void {
  const keep = keptAt !== undefined && mailboxSetting(db, 'undeleteMs') > 0;
  db.run(
    `UPDATE folders SET account = ?, name = ?, special_use = NULL, removed_account = ?, removed_name = ?, removed_at = ? WHERE id = ?`,
    NOBODY, String(folder.id), keep ? folder.account : null, keep ? folder.name : null, keep ? keptAt : null, folder.id,
  );
  db.run('DELETE FROM folder_rights WHERE folder_id = ?', folder.id);
  db.run('DELETE FROM mailbox_annotations WHERE folder_id = ?', folder.id);
  tellListChanged(db, folder);
}

interface RemovedFolder {
  readonly id: number;
  readonly account: string | null;
  readonly name: string | null;
  readonly at: number | null;
}

/** Removes the next messages of a removed folder; true when the folder is empty. */
function emptyFolder(db: Database, { id, account, name, at }: RemovedFolder): boolean {
  const limit = DIRECTORY_LIMITS.removedMessagesMax;
  const rows = db.all<{ uid: number; mailId: number }>('SELECT uid, mail_id AS "mailId" FROM folder_messages WHERE folder_id = ? ORDER BY uid LIMIT ?', id, limit);
  const uids = JSON.stringify(rows.map(({ uid }) => uid));
  const keep = account !== null && name !== null && at !== null;
  if (keep) keepExpunged(db, { id, account, name }, uids, at);
  else releaseMails(db, rows.map(({ mailId }) => mailId));
  db.run('DELETE FROM folder_messages WHERE folder_id = ? AND uid IN (SELECT value FROM json_each(?))', id, uids);
  if (rows.length === limit) return false;
  const { changes } = db.run(
    `DELETE FROM expunged_messages WHERE folder_id = ?1 AND (modseq, uid) IN
       (SELECT modseq, uid FROM expunged_messages WHERE folder_id = ?1 LIMIT ?2)`,
    id, limit,
  );
  return changes < limit;
}

interface RemovedAccount {
  readonly account: string;
  readonly lastId: number;
}

/** What could be undeleted of a removed account. An account of the same name that was made since keeps its own. */
function forgetAccount(db: Database, { account, lastId }: RemovedAccount): void {
  const rows = db.all<{ id: number; mailId: number }>(
    'SELECT id, mail_id AS "mailId" FROM expunged_mails WHERE account = ? AND id <= ? LIMIT ?', account, lastId, MAILBOX_LIMITS.freedPerOperationMax,
  );
  releaseMails(db, rows.map(({ mailId }) => mailId));
  db.run('DELETE FROM expunged_mails WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(rows.map(({ id }) => id)));
  if (rows.length < MAILBOX_LIMITS.freedPerOperationMax) db.run('DELETE FROM removed_accounts WHERE account = ?', account);
}

export const removedFolderWrites = {
  /** One bounded piece of what removed folders and accounts still hold; `more` says whether to call again. */
  sweepRemoved(db: Database): { readonly more: boolean } {
    const folder = db.get<RemovedFolder>('SELECT id, removed_account AS account, removed_name AS name, removed_at AS at FROM folders WHERE account = ? LIMIT 1', NOBODY);
    if (folder) {
      if (emptyFolder(db, folder)) db.run('DELETE FROM folders WHERE id = ?', folder.id);
      return { more: true };
    }
    const account = db.get<RemovedAccount>('SELECT account, last_expunged_id AS "lastId" FROM removed_accounts LIMIT 1');
    if (account) forgetAccount(db, account);
    return { more: account !== undefined };
  },
};
