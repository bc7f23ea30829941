/**
 * Bodies, messages, recipients, events, and the look-up keys of the timeline.
 *
 * Shape: what is written for every message is keyed by the queue id, which grows with time, so that writes go to the
 * end of each tree and share pages. The one random key is the digest of a body. Look-up keys (addresses, Message-IDs)
 * start with the hour for the same reason: a search probes each hour kept, an insert touches pages of one hour only.
 */
import type { Migration } from '../migrate.ts';

export const queueMigration: Migration = {
  version: 1,
  name: 'queue',
  up: `
    CREATE TABLE contents (
      id INTEGER PRIMARY KEY,
      bytes BLOB NOT NULL
    );
    CREATE TABLE bodies (
      digest BLOB NOT NULL PRIMARY KEY,
      size_bytes INTEGER NOT NULL,
      refs INTEGER NOT NULL,
      content_id INTEGER,
      file TEXT
    ) WITHOUT ROWID;

    CREATE TABLE messages (
      id TEXT NOT NULL PRIMARY KEY,
      sender TEXT NOT NULL,
      options TEXT NOT NULL,
      origin TEXT NOT NULL,
      sender_believed INTEGER NOT NULL,
      content_digest TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      queued_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      message_id TEXT,
      header_from TEXT,
      junk INTEGER NOT NULL,
      finished_at INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX messages_finished ON messages (finished_at) WHERE finished_at IS NOT NULL;

    CREATE TABLE recipients (
      message_id TEXT NOT NULL,
      position INTEGER NOT NULL,
      address TEXT NOT NULL,
      original_recipient TEXT,
      notify TEXT,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      next_attempt_at INTEGER NOT NULL,
      last_reply TEXT,
      reason TEXT,
      PRIMARY KEY (message_id, position)
    ) WITHOUT ROWID;
    CREATE INDEX recipients_waiting ON recipients (message_id, position) WHERE state IN ('queued', 'held');

    CREATE TABLE events (
      message_id TEXT NOT NULL,
      part INTEGER NOT NULL,
      entries TEXT NOT NULL,
      PRIMARY KEY (message_id, part)
    ) WITHOUT ROWID;

    CREATE TABLE lookup_keys (
      hour INTEGER NOT NULL,
      hash INTEGER NOT NULL,
      message_id TEXT NOT NULL,
      PRIMARY KEY (hour, hash, message_id)
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE lookup_keys;
    DROP TABLE events;
    DROP TABLE recipients;
    DROP TABLE messages;
    DROP TABLE bodies;
    DROP TABLE contents;
  `,
};
