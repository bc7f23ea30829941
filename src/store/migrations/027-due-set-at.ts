/** When the time of the next attempt was written down: what was planned while the clock was ahead is not waited for. */
import type { Migration } from '../migrate.ts';

export const dueSetAtMigration: Migration = {
  version: 27,
  name: 'due-set-at',
  up: 'ALTER TABLE recipients ADD COLUMN due_set_at INTEGER;',
  down: 'ALTER TABLE recipients DROP COLUMN due_set_at;',
};
