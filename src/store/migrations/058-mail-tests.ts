/** What the mail-tester's address got, and what it found. */
import type { Migration } from '../migrate.ts';

export const mailTestsMigration: Migration = {
  version: 58,
  name: 'mail-tests',
  up: `
    CREATE TABLE mail_tests (
      id TEXT NOT NULL PRIMARY KEY,
      address TEXT NOT NULL,
      sender TEXT NOT NULL,
      received_at INTEGER NOT NULL,
      score_tenths INTEGER NOT NULL,
      report TEXT NOT NULL,
      answered INTEGER NOT NULL
    );
    CREATE INDEX mail_tests_by_time ON mail_tests (received_at);
    CREATE INDEX mail_tests_by_sender ON mail_tests (sender, received_at);
  `,
  down: `
    DROP TABLE mail_tests;
  `,
};
