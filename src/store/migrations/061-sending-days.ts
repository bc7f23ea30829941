/**
 * What became of outgoing mail, counted by day: what bounce rate, complaint rate and growth are worked out from, without
 * reading a million events. And which addresses and unsubscribe links our mail names, a sample a day; how long the queue is.
 */
import type { Migration } from '../migrate.ts';

export const sendingDaysMigration: Migration = {
  version: 61,
  name: 'sending-days',
  up: `
    CREATE TABLE sending_days (
      -- 2026-11-20, UTC.
      day TEXT NOT NULL,
      -- Of From; '' for mail that is passed on for others.
      domain TEXT NOT NULL,
      site TEXT NOT NULL,
      source TEXT NOT NULL,
      delivered INTEGER NOT NULL,
      deferred INTEGER NOT NULL,
      hard INTEGER NOT NULL,
      soft INTEGER NOT NULL,
      PRIMARY KEY (day, domain, site, source)
    ) WITHOUT ROWID;
    CREATE TABLE sending_names (
      domain TEXT NOT NULL,
      -- from, reply-to, unsubscribe.
      field TEXT NOT NULL,
      value TEXT NOT NULL,
      last_at INTEGER NOT NULL,
      -- With unsubscribe: to whom the message went.
      recipient TEXT,
      PRIMARY KEY (domain, field, value)
    ) WITHOUT ROWID;
    CREATE INDEX sending_names_last ON sending_names (last_at);
    CREATE TABLE queue_lengths (
      hour INTEGER NOT NULL PRIMARY KEY,
      waiting INTEGER NOT NULL,
      held INTEGER NOT NULL
    );
  `,
  down: `
    DROP TABLE queue_lengths;
    DROP TABLE sending_names;
    DROP TABLE sending_days;
  `,
};
