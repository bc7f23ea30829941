/**
 * What administrators select waiting recipients by: the MX site of the last attempt, the rule and the culprit of its
 * reply; and where an administrator sends a recipient instead of where the router would. What accounts send, by the hour,
 * from which networks and to whom (bits of a Bloom filter), their own limits, and which of them are braked.
 */
import type { Migration } from '../migrate.ts';

export const queueFactsMigration: Migration = {
  version: 26,
  name: 'queue-facts',
  up: `
    ALTER TABLE recipients ADD COLUMN site TEXT;
    ALTER TABLE recipients ADD COLUMN rule TEXT;
    ALTER TABLE recipients ADD COLUMN culprit TEXT;
    ALTER TABLE recipients ADD COLUMN reroute TEXT;

    CREATE TABLE account_usage (
      account TEXT NOT NULL,
      hour INTEGER NOT NULL,
      messages INTEGER NOT NULL,
      recipients INTEGER NOT NULL,
      strangers INTEGER NOT NULL,
      delivered INTEGER NOT NULL,
      dead INTEGER NOT NULL,
      PRIMARY KEY (account, hour)
    ) WITHOUT ROWID;
    CREATE INDEX account_usage_old ON account_usage (hour);
    CREATE TABLE account_networks (
      account TEXT NOT NULL,
      network TEXT NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      PRIMARY KEY (account, network)
    ) WITHOUT ROWID;
    CREATE TABLE account_known_recipients (
      account TEXT NOT NULL PRIMARY KEY,
      recent BLOB NOT NULL,
      recent_count INTEGER NOT NULL,
      older BLOB NOT NULL
    );
    CREATE TABLE account_quotas (
      account TEXT NOT NULL PRIMARY KEY,
      messages_per_hour INTEGER,
      recipients_per_hour INTEGER,
      recipients_per_day INTEGER,
      brake TEXT
    ) WITHOUT ROWID;
    CREATE TABLE account_brakes (
      account TEXT NOT NULL PRIMARY KEY,
      state TEXT NOT NULL,
      rule TEXT NOT NULL,
      reason TEXT NOT NULL,
      at INTEGER NOT NULL,
      strangers INTEGER NOT NULL,
      released_at INTEGER
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE account_brakes;
    DROP TABLE account_quotas;
    DROP TABLE account_known_recipients;
    DROP TABLE account_networks;
    DROP INDEX account_usage_old;
    DROP TABLE account_usage;
    ALTER TABLE recipients DROP COLUMN reroute;
    ALTER TABLE recipients DROP COLUMN culprit;
    ALTER TABLE recipients DROP COLUMN rule;
    ALTER TABLE recipients DROP COLUMN site;
  `,
};
