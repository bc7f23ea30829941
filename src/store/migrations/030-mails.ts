/**
 * Mailboxes that mail programs work on: what does not change about a message (`mails`, counted by the copies and the
 * undeletable ones that name it) apart from its place in a folder (`folder_messages`, narrow, so that a folder is read in
 * one sweep); counters of folders; subscriptions by name; threads; what was expunged and can be undeleted; the settings
 * that operations need.
 */
import type { Migration } from '../migrate.ts';

export const mailsMigration: Migration = {
  version: 30,
  name: 'mails',
  up: `
    ALTER TABLE folders ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE folders ADD COLUMN unseen INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE folders ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE folders ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE folders ADD COLUMN recent_from_uid INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE folders ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
    -- Expunges up to this MODSEQ are not remembered any more.
    ALTER TABLE folders ADD COLUMN forgotten_modseq INTEGER NOT NULL DEFAULT 0;
    -- Of a removed folder (account is empty): whose it was, its name, when; null when nothing of it is kept.
    ALTER TABLE folders ADD COLUMN removed_account TEXT;
    ALTER TABLE folders ADD COLUMN removed_name TEXT;
    ALTER TABLE folders ADD COLUMN removed_at INTEGER;
    CREATE TABLE folder_ids (id INTEGER PRIMARY KEY, last INTEGER NOT NULL);
    INSERT INTO folder_ids (id, last) SELECT 1, coalesce(max(id), 0) FROM folders;

    CREATE TABLE mails (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      refs INTEGER NOT NULL,
      thread_id INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL,
      sent_at INTEGER,
      content_digest TEXT NOT NULL,
      prefix BLOB NOT NULL,
      preview TEXT NOT NULL,
      structure TEXT NOT NULL
    );
    -- 0: begins a thread, which has its number.
    CREATE INDEX mails_thread ON mails (thread_id) WHERE thread_id <> 0;
    CREATE TABLE thread_keys (
      account TEXT NOT NULL,
      hash INTEGER NOT NULL,
      thread_id INTEGER NOT NULL,
      PRIMARY KEY (account, hash)
    ) WITHOUT ROWID;
    CREATE TABLE folder_messages (
      folder_id INTEGER NOT NULL REFERENCES folders (id),
      uid INTEGER NOT NULL,
      modseq INTEGER NOT NULL,
      flags TEXT NOT NULL,
      seen INTEGER NOT NULL,
      deleted INTEGER NOT NULL,
      internal_date INTEGER NOT NULL,
      saved_at INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL,
      mail_id INTEGER NOT NULL,
      PRIMARY KEY (folder_id, uid)
    ) WITHOUT ROWID;
    CREATE INDEX folder_messages_modseq ON folder_messages (folder_id, modseq);
    CREATE TABLE expunged_mails (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      account TEXT NOT NULL,
      folder TEXT NOT NULL,
      uid INTEGER NOT NULL,
      flags TEXT NOT NULL,
      internal_date INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL,
      mail_id INTEGER NOT NULL,
      expunged_at INTEGER NOT NULL
    );
    CREATE INDEX expunged_mails_account ON expunged_mails (account, expunged_at);
    CREATE INDEX expunged_mails_time ON expunged_mails (expunged_at);
    CREATE TABLE removed_accounts (
      account TEXT NOT NULL PRIMARY KEY,
      last_expunged_id INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE subscriptions (
      viewer TEXT NOT NULL,
      name TEXT NOT NULL,
      PRIMARY KEY (viewer, name)
    ) WITHOUT ROWID;
    CREATE TABLE folder_rights (
      folder_id INTEGER NOT NULL REFERENCES folders (id),
      identifier TEXT NOT NULL,
      rights TEXT NOT NULL,
      PRIMARY KEY (folder_id, identifier)
    ) WITHOUT ROWID;
    CREATE INDEX folder_rights_identifier ON folder_rights (identifier);
    -- folder_id 0: of the server; viewer empty: shared by all.
    CREATE TABLE mailbox_annotations (
      folder_id INTEGER NOT NULL,
      viewer TEXT NOT NULL,
      entry TEXT NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (folder_id, viewer, entry)
    ) WITHOUT ROWID;
    CREATE TABLE mail_quotas (
      account TEXT NOT NULL PRIMARY KEY,
      bytes_max INTEGER,
      messages_max INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE mailbox_settings (
      name TEXT NOT NULL PRIMARY KEY,
      value INTEGER NOT NULL
    ) WITHOUT ROWID;

    INSERT INTO mails (id, refs, thread_id, size_bytes, content_digest, prefix, preview, structure)
      SELECT id, 1, 0, size_bytes, content_digest, prefix, '', structure FROM mailbox_messages;
    INSERT INTO folder_messages (folder_id, uid, modseq, flags, seen, deleted, internal_date, saved_at, size_bytes, mail_id)
      SELECT folder_id, uid, modseq, flags, seen, deleted, internal_date, saved_at, size_bytes, id FROM mailbox_messages;
    INSERT INTO subscriptions (viewer, name) SELECT account, name FROM folders WHERE subscribed = 1 AND account <> '';
    UPDATE folders SET
      messages = (SELECT count(*) FROM folder_messages WHERE folder_id = folders.id),
      unseen = (SELECT count(*) FROM folder_messages WHERE folder_id = folders.id AND seen = 0),
      deleted = (SELECT count(*) FROM folder_messages WHERE folder_id = folders.id AND deleted = 1),
      size_bytes = (SELECT coalesce(sum(size_bytes), 0) FROM folder_messages WHERE folder_id = folders.id),
      created_at = uid_validity * 1000;
    DROP TABLE mailbox_messages;
  `,
  down: `
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
    INSERT INTO mailbox_messages (folder_id, uid, modseq, flags, seen, deleted, internal_date, saved_at, size_bytes, content_digest, prefix, structure)
      SELECT folder_id, uid, modseq, flags, seen, deleted, internal_date, saved_at, place.size_bytes, content_digest, prefix, structure
      FROM folder_messages AS place JOIN mails ON mails.id = place.mail_id;
    -- A mail was one reference to its body; now each copy is one, and what could be undeleted is none.
    UPDATE bodies SET refs =
        (SELECT count(*) FROM messages WHERE finished_at IS NULL AND content_digest = lower(hex(bodies.digest)))
        + (SELECT count(*) FROM mailbox_messages WHERE content_digest = lower(hex(bodies.digest)))
      WHERE digest IN (SELECT unhex(content_digest) FROM mails);
    DELETE FROM contents WHERE id IN (SELECT content_id FROM bodies WHERE refs = 0);
    DELETE FROM bodies WHERE refs = 0;
    UPDATE folders SET subscribed = 0 WHERE account <> '';
    UPDATE folders SET subscribed = 1 WHERE (account, name) IN (SELECT viewer, name FROM subscriptions);
    DROP TABLE mail_quotas;
    DROP TABLE mailbox_annotations;
    DROP TABLE folder_rights;
    DROP TABLE mailbox_settings;
    DROP TABLE subscriptions;
    DROP TABLE removed_accounts;
    DROP TABLE expunged_mails;
    DROP TABLE folder_messages;
    DROP TABLE thread_keys;
    DROP TABLE mails;
    DROP TABLE folder_ids;
    ALTER TABLE folders DROP COLUMN removed_at;
    ALTER TABLE folders DROP COLUMN removed_name;
    ALTER TABLE folders DROP COLUMN removed_account;
    ALTER TABLE folders DROP COLUMN forgotten_modseq;
    ALTER TABLE folders DROP COLUMN created_at;
    ALTER TABLE folders DROP COLUMN recent_from_uid;
    ALTER TABLE folders DROP COLUMN size_bytes;
    ALTER TABLE folders DROP COLUMN deleted;
    ALTER TABLE folders DROP COLUMN unseen;
    ALTER TABLE folders DROP COLUMN messages;
  `,
};
