/** A change of DKIM keys knows since when the DNS provider has what its phase wants; NULL: it is published by hand. */
import type { Migration } from '../migrate.ts';

export const dkimRotationPublishedMigration: Migration = {
  version: 77,
  name: 'dkim-rotation-published',
  up: `
    ALTER TABLE dkim_rotations ADD COLUMN published_at INTEGER;
  `,
  down: `
    ALTER TABLE dkim_rotations DROP COLUMN published_at;
  `,
};
