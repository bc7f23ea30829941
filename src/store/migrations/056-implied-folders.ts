/** Folders that were made only because another is below them (docs/decisions/0195-folders-made-in-passing.md). */
import type { Migration } from '../migrate.ts';

export const impliedFoldersMigration: Migration = {
  version: 56,
  name: 'implied-folders',
  up: `
    ALTER TABLE folders ADD COLUMN implied INTEGER NOT NULL DEFAULT 0;
  `,
  down: `
    ALTER TABLE folders DROP COLUMN implied;
  `,
};
