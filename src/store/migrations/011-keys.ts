/** DKIM keys of the domains. The private halves are files (store/key-files.ts); here is what may be seen. */
import type { Migration } from '../migrate.ts';

export const keysMigration: Migration = {
  version: 11,
  name: 'keys',
  up: `
    CREATE TABLE dkim_keys (
      domain TEXT NOT NULL REFERENCES domains (name),
      selector TEXT NOT NULL,
      algorithm TEXT NOT NULL,
      public_key TEXT NOT NULL,
      state TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (domain, selector)
    ) WITHOUT ROWID;
  `,
  down: `DROP TABLE dkim_keys;`,
};
