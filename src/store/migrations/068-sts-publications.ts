/** Which MTA-STS mode each domain of ours has published, and since when. */
import type { Migration } from '../migrate.ts';

export const stsPublicationsMigration: Migration = {
  version: 68,
  name: 'sts-publications',
  up: `
    CREATE TABLE sts_publications (
      domain TEXT NOT NULL PRIMARY KEY,
      mode TEXT NOT NULL,
      since INTEGER NOT NULL,
      max_age_seconds INTEGER,
      kept_until INTEGER NOT NULL
    );
  `,
  down: `
    DROP TABLE sts_publications;
  `,
};
