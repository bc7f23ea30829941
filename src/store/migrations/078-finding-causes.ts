/** A finding knows of which other one it is a consequence; NULL: of none. */
import type { Migration } from '../migrate.ts';

export const findingCausesMigration: Migration = {
  version: 78,
  name: 'finding-causes',
  up: `
    ALTER TABLE doctor_findings ADD COLUMN caused_by TEXT;
  `,
  down: `
    ALTER TABLE doctor_findings DROP COLUMN caused_by;
  `,
};
