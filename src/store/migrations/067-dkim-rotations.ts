/** Changes from one DKIM key to the next, which take days: where each of them is. */
import type { Migration } from '../migrate.ts';

export const dkimRotationsMigration: Migration = {
  version: 67,
  name: 'dkim-rotations',
  up: `
    CREATE TABLE dkim_rotations (
      domain TEXT NOT NULL,
      algorithm TEXT NOT NULL,
      old_selector TEXT NOT NULL,
      new_selector TEXT NOT NULL,
      phase TEXT NOT NULL,
      started_at INTEGER NOT NULL,
      due_at INTEGER NOT NULL,
      switched_at INTEGER,
      retired_at INTEGER,
      told_at INTEGER,
      trouble TEXT NOT NULL,
      PRIMARY KEY (domain, algorithm)
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE dkim_rotations;
  `,
};
