/** How long the MTA-STS policy of a domain of ours was tested before it was enforced. */
import type { Migration } from '../migrate.ts';

export const stsTestedMigration: Migration = {
  version: 79,
  name: 'sts-tested',
  up: `
    ALTER TABLE sts_publications ADD COLUMN tested_ms INTEGER NOT NULL DEFAULT 0;
  `,
  down: `
    ALTER TABLE sts_publications DROP COLUMN tested_ms;
  `,
};
