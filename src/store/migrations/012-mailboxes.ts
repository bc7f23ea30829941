/**
 * Folders and the messages in them, with what IMAP needs: UID and UIDVALIDITY (RFC 9051 §2.3.1), MODSEQ (RFC 7162), flags,
 * internal date, save date (RFC 8514), and the UIDs that are gone, for QRESYNC.
 */
import type { Migration } from '../migrate.ts';

export const mailboxesMigration: Migration = {
  version: 12,
  name: 'mailboxes',
  up: `
    CREATE TABLE folders (
      id INTEGER PRIMARY KEY,
      account TEXT NOT NULL,
      name TEXT NOT NULL,
      uid_validity INTEGER NOT NULL,
      uid_next INTEGER NOT NULL,
      highest_modseq INTEGER NOT NULL,
      special_use TEXT,
      subscribed INTEGER NOT NULL,
      UNIQUE (account, name)
    );
    CREATE TABLE mailbox_messages (
      id INTEGER PRIMARY KEY,
      folder_id INTEGER NOT NULL REFERENCES folders (id),
      uid INTEGER NOT NULL,
      modseq INTEGER NOT NULL,
      flags TEXT NOT NULL,
      seen INTEGER NOT NULL,
      deleted INTEGER NOT NULL,
      internal_date INTEGER NOT NULL,
      saved_at INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL,
      content_digest TEXT NOT NULL,
      prefix BLOB NOT NULL,
      structure TEXT NOT NULL,
      UNIQUE (folder_id, uid)
    );
    CREATE TABLE expunged_messages (
      folder_id INTEGER NOT NULL REFERENCES folders (id),
      modseq INTEGER NOT NULL,
      uid INTEGER NOT NULL,
      PRIMARY KEY (folder_id, modseq, uid)
    ) WITHOUT ROWID;
    CREATE TABLE uid_validity (
      id INTEGER PRIMARY KEY,
      last INTEGER NOT NULL
    );
    INSERT INTO uid_validity (id, last) VALUES (1, 0);
  `,
  down: `
    DROP TABLE uid_validity;
    DROP TABLE expunged_messages;
    DROP TABLE mailbox_messages;
    DROP TABLE folders;
  `,
};
