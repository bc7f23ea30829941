/** How long mail stays in a folder, where that is said of the folder itself. */
import type { Migration } from '../migrate.ts';

export const retentionMigration: Migration = {
  version: 31,
  name: 'retention',
  up: `
    -- Milliseconds; 0: for ever; null: as the configuration says.
    ALTER TABLE folders ADD COLUMN keep_ms INTEGER;
  `,
  down: `
    ALTER TABLE folders DROP COLUMN keep_ms;
  `,
};
