/** Which DNS lists had an address, from when to when, as it was seen. */
import type { Migration } from '../migrate.ts';

export const ipListingsMigration: Migration = {
  version: 65,
  name: 'ip-listings',
  up: `
    CREATE TABLE ip_checks (
      address TEXT NOT NULL PRIMARY KEY,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL
    );
    CREATE TABLE ip_listings (
      address TEXT NOT NULL,
      zone TEXT NOT NULL,
      first_seen_at INTEGER NOT NULL,
      title TEXT NOT NULL,
      meanings TEXT NOT NULL,
      last_seen_at INTEGER NOT NULL,
      cleared_at INTEGER,
      PRIMARY KEY (address, zone, first_seen_at)
    );
    CREATE INDEX ip_listings_by_time ON ip_listings (last_seen_at);
  `,
  down: `
    DROP TABLE ip_listings;
    DROP TABLE ip_checks;
  `,
};
