/** What receivers tell about our mail: DMARC aggregate reports with their rows per source, TLS reports, complaints. */
import type { Migration } from '../migrate.ts';

export const reportsMigration: Migration = {
  version: 62,
  name: 'reports',
  up: `
    CREATE TABLE dmarc_reports (
      id INTEGER PRIMARY KEY,
      domain TEXT NOT NULL,
      brought_by TEXT NOT NULL,
      report_id TEXT NOT NULL,
      believed INTEGER NOT NULL,
      reporter TEXT NOT NULL,
      reporter_email TEXT NOT NULL,
      begin_at INTEGER NOT NULL,
      end_at INTEGER NOT NULL,
      policy TEXT NOT NULL,
      received_at INTEGER NOT NULL,
      messages INTEGER NOT NULL,
      UNIQUE (domain, brought_by, report_id, believed)
    );
    CREATE INDEX dmarc_reports_by_end ON dmarc_reports (end_at);

    CREATE TABLE dmarc_sources (
      report INTEGER NOT NULL REFERENCES dmarc_reports (id) ON DELETE CASCADE,
      source_ip TEXT NOT NULL,
      header_from TEXT NOT NULL,
      messages INTEGER NOT NULL,
      passed INTEGER NOT NULL,
      dkim_aligned INTEGER NOT NULL,
      spf_aligned INTEGER NOT NULL,
      elsewhere INTEGER NOT NULL,
      forwarded INTEGER NOT NULL,
      rejected INTEGER NOT NULL,
      quarantined INTEGER NOT NULL,
      seen_domains TEXT NOT NULL,
      PRIMARY KEY (report, source_ip, header_from)
    ) WITHOUT ROWID;

    CREATE TABLE tls_reports (
      id INTEGER PRIMARY KEY,
      domain TEXT NOT NULL,
      brought_by TEXT NOT NULL,
      report_id TEXT NOT NULL,
      believed INTEGER NOT NULL,
      organization TEXT NOT NULL,
      contact TEXT NOT NULL,
      begin_at INTEGER NOT NULL,
      end_at INTEGER NOT NULL,
      policies TEXT NOT NULL,
      successes INTEGER NOT NULL,
      failures INTEGER NOT NULL,
      received_at INTEGER NOT NULL,
      UNIQUE (domain, brought_by, report_id, believed)
    );
    CREATE INDEX tls_reports_by_end ON tls_reports (end_at);

    CREATE TABLE complaints (
      id INTEGER PRIMARY KEY,
      digest TEXT NOT NULL UNIQUE,
      at INTEGER NOT NULL,
      brought_by TEXT NOT NULL,
      believed INTEGER NOT NULL,
      reporter TEXT NOT NULL,
      kind TEXT NOT NULL,
      from_domain TEXT NOT NULL,
      dkim_domain TEXT,
      source_ip TEXT,
      message_id TEXT,
      recipient TEXT,
      stream TEXT
    );
    CREATE INDEX complaints_by_time ON complaints (at);

    CREATE TABLE report_arrivals (
      day TEXT NOT NULL,
      kind TEXT NOT NULL,
      brought_by TEXT NOT NULL,
      outcome TEXT NOT NULL,
      reports INTEGER NOT NULL,
      PRIMARY KEY (day, kind, brought_by, outcome)
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE report_arrivals;
    DROP TABLE complaints;
    DROP TABLE tls_reports;
    DROP TABLE dmarc_sources;
    DROP TABLE dmarc_reports;
  `,
};
