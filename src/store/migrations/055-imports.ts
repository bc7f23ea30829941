/** What imports have brought in: which message of which source is in which folder, so that none comes twice. */
import type { Migration } from '../migrate.ts';

export const importsMigration: Migration = {
  version: 55,
  name: 'imports',
  up: `
    CREATE TABLE import_sources (
      id INTEGER PRIMARY KEY,
      account TEXT NOT NULL,
      source TEXT NOT NULL,
      UNIQUE (account, source)
    );
    CREATE TABLE import_marks (
      source_id INTEGER NOT NULL REFERENCES import_sources (id),
      folder_id INTEGER NOT NULL,
      message TEXT NOT NULL,
      PRIMARY KEY (source_id, folder_id, message)
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE import_marks;
    DROP TABLE import_sources;
  `,
};
