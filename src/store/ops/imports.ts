/**
 * Messages that come from elsewhere, each with the mark that says so in the same commit: a run that is stopped anywhere,
 * and run again, brings none twice.
 */
import { Failure } from '../../base/errors.ts';
import type { FolderFacts } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { addBody } from './bodies.ts';
import type { AppendedMail, NewPlace } from './folder-messages.ts';
import { addPlaces } from './folder-messages.ts';
import { requireFolder, tellListChanged, UID_MAX } from './folder-rows.ts';
import { requireRoom } from './mail-quotas.ts';
import { addMail } from './mails.ts';

export interface ImportedMail extends AppendedMail {
  /** Names the message within its source and folder. */
  readonly message: string;
  /** To be kept; when it is taken or too low the next one is used. */
  readonly uid?: number;
}

export interface ImportPlace {
  /** Names the source. */
  readonly source: string;
  readonly folder: number;
}

function sourceId(db: Database, folder: FolderFacts, source: string): number | undefined {
  return db.get<{ id: number }>('SELECT id FROM import_sources WHERE account = ? AND source = ?', folder.account, source)?.id;
}

function ensureSource(db: Database, folder: FolderFacts, source: string): number {
  return sourceId(db, folder, source) ?? db.run('INSERT INTO import_sources (account, source) VALUES (?, ?)', folder.account, source).lastId;
}

/** New marks only: a message that is here already, because its reply was lost, is not stored again. */
function mark(db: Database, source: number, folder: number, message: string): boolean {
  return db.run('INSERT INTO import_marks (source_id, folder_id, message) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', source, folder, message).changes > 0;
}

export const importWrites = {
  /** All or none. Throws Failure `folder-unknown`, `over-quota`, `flag-refused`. */
  put(db: Database, args: ImportPlace & { readonly mails: readonly ImportedMail[]; readonly at: number }): { readonly stored: number } {
    const folder = requireFolder(db, args.folder);
    const source = ensureSource(db, folder, args.source);
    const fresh = args.mails.filter(({ message }) => mark(db, source, folder.id, message));
    requireRoom(db, folder.account, { messages: fresh.length, bytes: fresh.reduce((sum, { body }) => sum + body.sizeBytes, 0) });
    for (const mail of fresh) {
      addBody(db, mail.body);
      const { body, structure, details, flags, internalDate } = mail;
      const mailId = addMail(db, folder.account, { contentDigest: body.digest, prefix: new Uint8Array(0), sizeBytes: body.sizeBytes, structure, details });
      const place: NewPlace = { mailId, flags, internalDate, savedAt: args.at, sizeBytes: body.sizeBytes };
      if (mail.uid !== undefined) db.run('UPDATE folders SET uid_next = ? WHERE id = ? AND uid_next < ? AND ? < ?', mail.uid, folder.id, mail.uid, mail.uid, UID_MAX);
      addPlaces(db, folder.id, [place]);
    }
    return { stored: fresh.length };
  },

  /**
   * Gives a folder that never had a message the numbering of its source, so that mail programs keep what they have of it.
   * False when it has had messages; then they are numbered anew.
   */
  adoptNumbering(db: Database, args: { readonly folder: number; readonly uidValidity: number }): boolean {
    const folder = requireFolder(db, args.folder);
    if (args.uidValidity < 1 || args.uidValidity > UID_MAX) throw new Failure('uid-validity-refused', `${args.uidValidity} is no UIDVALIDITY`, { temporary: false });
    if (folder.uidValidity === args.uidValidity) return true;
    if (folder.uidNext > 1) return false;
    db.run('UPDATE folders SET uid_validity = ? WHERE id = ?', args.uidValidity, folder.id);
    // RFC 9051 §2.3.1.1: a folder made later must not get this value again.
    db.run('UPDATE uid_validity SET last = max(last, ?) WHERE id = 1', args.uidValidity);
    tellListChanged(db, folder);
    return true;
  },

  /** With an account. */
  forget(db: Database, args: { readonly account: string }): void {
    db.run('DELETE FROM import_marks WHERE source_id IN (SELECT id FROM import_sources WHERE account = ?)', args.account);
    db.run('DELETE FROM import_sources WHERE account = ?', args.account);
  },
};

export const importReads = {
  /** Those of the messages that have not come yet. */
  missing(db: Database, args: ImportPlace & { readonly messages: readonly string[] }): readonly string[] {
    const folder = requireFolder(db, args.folder);
    const source = sourceId(db, folder, args.source);
    if (source === undefined) return args.messages;
    const known = db.all<{ message: string }>(
      'SELECT message FROM import_marks WHERE source_id = ? AND folder_id = ? AND message IN (SELECT value FROM json_each(?))',
      source, folder.id, JSON.stringify(args.messages),
    );
    const here = new Set(known.map(({ message }) => message));
    return args.messages.filter((message) => !here.has(message));
  },
};
