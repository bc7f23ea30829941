/**
 * Who lives here: domains, accounts, aliases. Addresses and domains are kept in the one form that look-ups use
 * (addressKey and normalizeDomain of mail/address.ts): lower case, NFC, A-labels.
 */
import type { Migration } from '../migrate.ts';

export const directoryMigration: Migration = {
  version: 10,
  name: 'directory',
  up: `
    CREATE TABLE domains (
      name TEXT NOT NULL PRIMARY KEY,
      catch_all TEXT,
      alias_of TEXT,
      created_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE accounts (
      address TEXT NOT NULL PRIMARY KEY,
      domain TEXT NOT NULL REFERENCES domains (name),
      password_hash TEXT NOT NULL,
      scram_salt BLOB NOT NULL,
      scram_iterations INTEGER NOT NULL,
      scram_stored_key BLOB NOT NULL,
      scram_server_key BLOB NOT NULL,
      disabled INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      password_changed_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX accounts_domain ON accounts (domain);
    CREATE TABLE aliases (
      address TEXT NOT NULL,
      position INTEGER NOT NULL,
      target TEXT NOT NULL,
      domain TEXT NOT NULL REFERENCES domains (name),
      created_at INTEGER NOT NULL,
      PRIMARY KEY (address, position)
    ) WITHOUT ROWID;
    CREATE TABLE directory_secrets (
      name TEXT NOT NULL PRIMARY KEY,
      bytes BLOB NOT NULL
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE directory_secrets;
    DROP TABLE aliases;
    DROP TABLE accounts;
    DROP TABLE domains;
  `,
};
