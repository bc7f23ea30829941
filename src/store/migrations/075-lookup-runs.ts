/**
 * Keys of the timeline are gathered in the order in which they come, and moved to the index in runs: the place of a hash
 * among a million others is a page of its own for each key, the end of a list is shared by hundreds. A run has its number
 * where earlier keys have the hour, from a million on, which hours reach in 2084.
 */
import type { Migration } from '../migrate.ts';

export const lookupRunsMigration: Migration = {
  version: 75,
  name: 'lookup-runs',
  up: `
    -- id: how many keys there are up to the end of this row.
    CREATE TABLE recent_keys (
      id INTEGER PRIMARY KEY,
      message_id TEXT NOT NULL,
      hashes TEXT NOT NULL
    );
    -- Null: by the hour of queued_at.
    ALTER TABLE messages ADD COLUMN lookup_run INTEGER;
  `,
  down: `
    INSERT OR IGNORE INTO lookup_keys (hour, hash, message_id)
      SELECT messages.queued_at / 3600000, found.hash, found.message_id FROM lookup_keys AS found JOIN messages ON messages.id = found.message_id WHERE found.hour >= 1000000;
    DELETE FROM lookup_keys WHERE hour >= 1000000;
    INSERT OR IGNORE INTO lookup_keys (hour, hash, message_id)
      SELECT messages.queued_at / 3600000, key.value, messages.id FROM recent_keys JOIN messages ON messages.id = recent_keys.message_id, json_each(recent_keys.hashes) AS key;
    ALTER TABLE messages DROP COLUMN lookup_run;
    DROP TABLE recent_keys;
  `,
};
