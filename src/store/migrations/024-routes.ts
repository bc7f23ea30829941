/** Routes, and what inner servers said about recipients. */
import type { Migration } from '../migrate.ts';

export const routesMigration: Migration = {
  version: 24,
  name: 'routes',
  up: `
    CREATE TABLE routes (
      match TEXT NOT NULL,
      pattern TEXT NOT NULL,
      target TEXT NOT NULL,
      accept INTEGER NOT NULL,
      verify INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (match, pattern)
    );
    CREATE TABLE recipient_checks (
      address TEXT NOT NULL PRIMARY KEY,
      relay TEXT NOT NULL,
      known INTEGER NOT NULL,
      reply TEXT NOT NULL,
      checked_at INTEGER NOT NULL
    );
    CREATE INDEX recipient_checks_by_age ON recipient_checks (checked_at);
  `,
  down: `
    DROP TABLE recipient_checks;
    DROP TABLE routes;
  `,
};
