/** What shaping has learnt: lanes that are not simply steady, what went where on a day, changes of state, pauses. */
import type { Migration } from '../migrate.ts';

export const shapingMigration: Migration = {
  version: 21,
  name: 'shaping',
  up: `
    CREATE TABLE lanes (
      source TEXT NOT NULL,
      site TEXT NOT NULL,
      domain TEXT NOT NULL,
      state TEXT NOT NULL,
      since INTEGER NOT NULL,
      detail TEXT NOT NULL,
      PRIMARY KEY (source, site, domain)
    ) WITHOUT ROWID;
    CREATE TABLE lane_days (
      source TEXT NOT NULL,
      site TEXT NOT NULL,
      day INTEGER NOT NULL,
      sent INTEGER NOT NULL,
      deferred INTEGER NOT NULL,
      complaints INTEGER NOT NULL,
      PRIMARY KEY (source, site, day)
    ) WITHOUT ROWID;
    CREATE INDEX lane_days_by_day ON lane_days (day);
    CREATE TABLE lane_changes (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      source TEXT NOT NULL,
      site TEXT NOT NULL,
      domain TEXT NOT NULL,
      from_state TEXT NOT NULL,
      to_state TEXT NOT NULL,
      why TEXT NOT NULL,
      rule TEXT NOT NULL
    );
    CREATE TABLE pauses (
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      until_at INTEGER,
      reason TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE pauses;
    DROP TABLE lane_changes;
    DROP TABLE lane_days;
    DROP TABLE lanes;
  `,
};
