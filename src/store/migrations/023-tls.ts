/**
 * TLS of outgoing mail: the MTA-STS policies that were fetched (RFC 8461 §5.1), and the sessions counted for reports
 * (RFC 8460). The text of a reported policy is kept once, named by its SHA-256.
 */
import type { Migration } from '../migrate.ts';

export const tlsMigration: Migration = {
  version: 23,
  name: 'tls',
  up: `
    CREATE TABLE sts_policies (
      domain TEXT NOT NULL PRIMARY KEY,
      id TEXT NOT NULL,
      mode TEXT NOT NULL,
      mx TEXT NOT NULL,
      max_age_seconds INTEGER NOT NULL,
      fetched_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX sts_policies_by_age ON sts_policies (fetched_at);
    CREATE TABLE tls_policy_texts (
      digest TEXT NOT NULL PRIMARY KEY,
      text TEXT NOT NULL,
      day TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE tls_results (
      day TEXT NOT NULL,
      domain TEXT NOT NULL,
      policy_type TEXT NOT NULL,
      policy_digest TEXT NOT NULL,
      mx TEXT NOT NULL,
      receiving_ip TEXT NOT NULL,
      sending_ip TEXT NOT NULL,
      failure TEXT NOT NULL,
      detail TEXT NOT NULL,
      sessions INTEGER NOT NULL,
      PRIMARY KEY (day, domain, policy_type, policy_digest, mx, receiving_ip, sending_ip, failure, detail)
    ) WITHOUT ROWID;
  `,
  down: `DROP TABLE tls_results; DROP TABLE tls_policy_texts; DROP TABLE sts_policies;`,
};
