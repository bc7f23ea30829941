/** Addresses that mail left from and the names said in EHLO, as examinations saw them: whether they stay. */
import type { Migration } from '../migrate.ts';

export const sendingIdentitiesMigration: Migration = {
  version: 76,
  name: 'sending-identities',
  up: `
    CREATE TABLE sending_identities (
      address TEXT NOT NULL,
      helo TEXT NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      PRIMARY KEY (address, helo)
    );
  `,
  down: 'DROP TABLE sending_identities;',
};
