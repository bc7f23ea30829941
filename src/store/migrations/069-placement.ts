/** Mailboxes of our own at providers, and where our mail was found in them (docs/decisions/0260-placement.md). */
import type { Migration } from '../migrate.ts';

export const placementMigration: Migration = {
  version: 69,
  name: 'placement',
  up: `
    CREATE TABLE placement_seeds (
      address TEXT NOT NULL PRIMARY KEY,
      provider TEXT NOT NULL,
      host TEXT NOT NULL,
      port INTEGER NOT NULL,
      security TEXT NOT NULL,
      username TEXT NOT NULL,
      kind TEXT NOT NULL,
      secret BLOB NOT NULL,
      added_at INTEGER NOT NULL,
      read_at INTEGER,
      trouble TEXT NOT NULL
    );
    CREATE TABLE placements (
      seed TEXT NOT NULL,
      message_id TEXT NOT NULL,
      queue_id TEXT NOT NULL,
      stream TEXT NOT NULL,
      from_domain TEXT NOT NULL,
      test INTEGER NOT NULL,
      sent_at INTEGER NOT NULL,
      place TEXT NOT NULL,
      folder TEXT NOT NULL,
      arrived_at INTEGER,
      found_at INTEGER,
      spf TEXT NOT NULL,
      dkim TEXT NOT NULL,
      dmarc TEXT NOT NULL,
      PRIMARY KEY (seed, message_id)
    );
    CREATE INDEX placements_by_time ON placements (sent_at);
    CREATE INDEX placements_waiting ON placements (seed) WHERE place = 'waiting';
  `,
  down: `
    DROP TABLE placements;
    DROP TABLE placement_seeds;
  `,
};
