/** What providers tell about our mail by day (contract/dashboards.ts), the last look at each, and what the postmaster was told. */
import type { Migration } from '../migrate.ts';

export const dashboardsMigration: Migration = {
  version: 66,
  name: 'dashboards',
  up: `
    CREATE TABLE dashboard_figures (
      provider TEXT NOT NULL,
      subject TEXT NOT NULL,
      day TEXT NOT NULL,
      figures TEXT NOT NULL,
      PRIMARY KEY (provider, subject, day)
    ) WITHOUT ROWID;
    CREATE TABLE dashboard_runs (
      provider TEXT NOT NULL PRIMARY KEY,
      at INTEGER NOT NULL,
      ok INTEGER NOT NULL,
      detail TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE dashboard_alarms (
      provider TEXT NOT NULL,
      subject TEXT NOT NULL,
      reason TEXT NOT NULL,
      since INTEGER NOT NULL,
      PRIMARY KEY (provider, subject, reason)
    ) WITHOUT ROWID;
  `,
  down: `DROP TABLE dashboard_alarms; DROP TABLE dashboard_runs; DROP TABLE dashboard_figures;`,
};
