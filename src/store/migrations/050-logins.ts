/**
 * What accounts people can live with need: mailboxes that nobody logs in to, accounts that another back end vouches for,
 * app passwords, second factors, and the audit of log-ins.
 */
import type { Migration } from '../migrate.ts';

export const loginsMigration: Migration = {
  version: 50,
  name: 'logins',
  up: `
    ALTER TABLE accounts ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE accounts ADD COLUMN origin TEXT NOT NULL DEFAULT 'store';
    CREATE TABLE app_passwords (
      account TEXT NOT NULL,
      name TEXT NOT NULL,
      digest BLOB NOT NULL,
      scopes TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      used_at INTEGER,
      used_from TEXT,
      used_service TEXT,
      PRIMARY KEY (account, name)
    ) WITHOUT ROWID;
    CREATE TABLE second_factors (
      account TEXT NOT NULL PRIMARY KEY,
      sealed_secret BLOB NOT NULL,
      created_at INTEGER NOT NULL,
      confirmed_at INTEGER,
      last_step INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE recovery_codes (
      account TEXT NOT NULL,
      digest BLOB NOT NULL,
      used_at INTEGER,
      PRIMARY KEY (account, digest)
    ) WITHOUT ROWID;
    CREATE TABLE logins (
      id INTEGER PRIMARY KEY,
      account TEXT NOT NULL,
      service TEXT NOT NULL,
      client_address TEXT NOT NULL,
      mechanism TEXT NOT NULL,
      app_password TEXT NOT NULL,
      outcome TEXT NOT NULL,
      times INTEGER NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL
    );
    CREATE INDEX logins_by_account ON logins (account, last_at);
    CREATE INDEX logins_by_age ON logins (last_at);
    CREATE TABLE login_addresses (
      account TEXT NOT NULL,
      address_digest BLOB NOT NULL,
      last_at INTEGER NOT NULL,
      PRIMARY KEY (account, address_digest)
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE login_addresses;
    DROP TABLE logins;
    DROP TABLE recovery_codes;
    DROP TABLE second_factors;
    DROP TABLE app_passwords;
    ALTER TABLE accounts DROP COLUMN origin;
    ALTER TABLE accounts DROP COLUMN shared;
  `,
};
