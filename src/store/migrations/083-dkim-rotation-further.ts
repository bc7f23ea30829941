/** Domains that sign with several keys of one algorithm: all of them give way when the key is changed. Selectors, parted by spaces. */
import type { Migration } from '../migrate.ts';

export const dkimRotationFurtherMigration: Migration = {
  version: 83,
  name: 'dkim-rotation-further',
  up: `
    ALTER TABLE dkim_rotations ADD COLUMN further_old TEXT NOT NULL DEFAULT '';
  `,
  down: `
    ALTER TABLE dkim_rotations DROP COLUMN further_old;
  `,
};
