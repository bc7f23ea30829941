/**
 * Forwarded mail: by which address of ours a recipient was reached, the envelope sender of its copy; the keys that
 * rewritten senders are signed with, and the senders whose rewritten address names them by a token only.
 */
import type { Migration } from '../migrate.ts';

export const forwardingMigration: Migration = {
  version: 25,
  name: 'forwarding',
  up: `
    ALTER TABLE recipients ADD COLUMN via TEXT;
    ALTER TABLE recipients ADD COLUMN reverse_path TEXT;
    CREATE TABLE srs_keys (
      id TEXT NOT NULL PRIMARY KEY,
      secret BLOB NOT NULL,
      created_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE srs_senders (
      token TEXT NOT NULL PRIMARY KEY,
      sender TEXT NOT NULL,
      last_used_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX srs_senders_old ON srs_senders (last_used_at);
  `,
  down: `
    DROP TABLE srs_senders;
    DROP TABLE srs_keys;
    ALTER TABLE recipients DROP COLUMN reverse_path;
    ALTER TABLE recipients DROP COLUMN via;
  `,
};
