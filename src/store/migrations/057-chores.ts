/** When the server last did what it does now and then. */
import type { Migration } from '../migrate.ts';

export const choresMigration: Migration = {
  version: 57,
  name: 'chores',
  up: `
    CREATE TABLE chores (
      name TEXT NOT NULL PRIMARY KEY,
      last_run_at INTEGER NOT NULL
    );
  `,
  down: `
    DROP TABLE chores;
  `,
};
