/**
 * What the scheduler asks of a message without reading its content: its stream, whose DKIM signature it carries, and when
 * its age matters next (a delay notice, then its expiry). Messages that are finished leave the index.
 */
import type { Migration } from '../migrate.ts';

export const schedulingMigration: Migration = {
  version: 20,
  name: 'scheduling',
  up: `
    ALTER TABLE messages ADD COLUMN stream TEXT;
    ALTER TABLE messages ADD COLUMN dkim_domain TEXT;
    ALTER TABLE messages ADD COLUMN watch_at INTEGER;
    UPDATE messages SET watch_at = expires_at WHERE finished_at IS NULL;
    CREATE INDEX messages_watched ON messages (watch_at) WHERE watch_at IS NOT NULL;
  `,
  down: `
    DROP INDEX messages_watched;
    ALTER TABLE messages DROP COLUMN watch_at;
    ALTER TABLE messages DROP COLUMN dkim_domain;
    ALTER TABLE messages DROP COLUMN stream;
  `,
};
