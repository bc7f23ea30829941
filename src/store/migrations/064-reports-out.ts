/**
 * Reports to others: how inbound mail fared under each DMARC policy, by UTC day, counted; and what of it (and of the TLS
 * sessions) was told to whom.
 */
import type { Migration } from '../migrate.ts';

export const reportsOutMigration: Migration = {
  version: 64,
  name: 'reports-out',
  up: `
    CREATE TABLE dmarc_days (
      day TEXT NOT NULL,
      domain TEXT NOT NULL,
      record TEXT NOT NULL,
      results INTEGER NOT NULL,
      messages INTEGER NOT NULL,
      PRIMARY KEY (day, domain)
    ) WITHOUT ROWID;
    CREATE TABLE dmarc_results (
      day TEXT NOT NULL,
      domain TEXT NOT NULL,
      digest TEXT NOT NULL,
      result TEXT NOT NULL,
      messages INTEGER NOT NULL,
      PRIMARY KEY (day, domain, digest)
    ) WITHOUT ROWID;
    CREATE TABLE report_jobs (
      kind TEXT NOT NULL,
      day TEXT NOT NULL,
      domain TEXT NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      detail TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (kind, day, domain)
    ) WITHOUT ROWID;
    CREATE TABLE reports_sent (
      kind TEXT NOT NULL,
      day TEXT NOT NULL,
      domain TEXT NOT NULL,
      destination TEXT NOT NULL,
      state TEXT NOT NULL,
      detail TEXT NOT NULL,
      message_id TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (kind, day, domain, destination)
    ) WITHOUT ROWID;
    CREATE INDEX reports_sent_by_time ON reports_sent (at);
  `,
  down: `DROP TABLE reports_sent; DROP TABLE report_jobs; DROP TABLE dmarc_results; DROP TABLE dmarc_days;`,
};
