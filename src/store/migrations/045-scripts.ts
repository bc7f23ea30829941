/** Sieve scripts of accounts, at most one of each active, and what scripts remember from one message to the next. */
import type { Migration } from '../migrate.ts';

export const scriptsMigration: Migration = {
  version: 45,
  name: 'scripts',
  up: `
    CREATE TABLE sieve_scripts (
      account TEXT NOT NULL,
      name TEXT NOT NULL,
      content BLOB NOT NULL,
      size_bytes INTEGER NOT NULL,
      active INTEGER NOT NULL,
      changed_at INTEGER NOT NULL,
      PRIMARY KEY (account, name)
    );
    CREATE UNIQUE INDEX sieve_scripts_active ON sieve_scripts (account) WHERE active = 1;
    CREATE TABLE sieve_memory (
      account TEXT NOT NULL,
      kind TEXT NOT NULL,
      key TEXT NOT NULL,
      expires_at INTEGER NOT NULL,
      PRIMARY KEY (account, kind, key)
    );
    CREATE INDEX sieve_memory_by_end ON sieve_memory (expires_at);
  `,
  down: `
    DROP TABLE sieve_memory;
    DROP TABLE sieve_scripts;
  `,
};
