/** An address that does not want one stream of mail (bulk, transactional) may still get the others; NULL: none at all. */
import type { Migration } from '../migrate.ts';

export const suppressionStreamsMigration: Migration = {
  version: 63,
  name: 'suppression-streams',
  up: `
    ALTER TABLE suppressions ADD COLUMN stream TEXT;
  `,
  down: `
    ALTER TABLE suppressions DROP COLUMN stream;
  `,
};
