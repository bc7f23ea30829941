/** Addresses that are not written to, and failures that may make an address one of them. */
import type { Migration } from '../migrate.ts';

export const suppressionsMigration: Migration = {
  version: 22,
  name: 'suppressions',
  up: `
    CREATE TABLE suppressions (
      address TEXT NOT NULL PRIMARY KEY,
      source TEXT NOT NULL,
      reason TEXT NOT NULL,
      rule TEXT,
      reply TEXT,
      since INTEGER NOT NULL,
      expires_at INTEGER,
      tried_at INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE soft_failures (
      address TEXT NOT NULL PRIMARY KEY,
      message_id TEXT NOT NULL,
      failures INTEGER NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE soft_failures;
    DROP TABLE suppressions;
  `,
};
