/** DNS records that we published: which are ours, the policy of each domain, plans, and what was applied and can be undone. */
import type { Migration } from '../migrate.ts';

export const dnsPublishingMigration: Migration = {
  version: 59,
  name: 'dns-publishing',
  up: `
    CREATE TABLE dns_owned (
      name TEXT NOT NULL,
      type TEXT NOT NULL,
      value TEXT NOT NULL,
      domain TEXT NOT NULL,
      provider TEXT NOT NULL,
      published_at INTEGER NOT NULL,
      PRIMARY KEY (name, type, value)
    ) WITHOUT ROWID;
    CREATE TABLE dns_policies (
      domain TEXT NOT NULL PRIMARY KEY,
      own TEXT NOT NULL,
      applied TEXT,
      applied_at INTEGER
    ) WITHOUT ROWID;
    CREATE TABLE dns_plans (
      id TEXT NOT NULL PRIMARY KEY,
      made_at INTEGER NOT NULL,
      content TEXT NOT NULL
    );
    CREATE TABLE dns_applies (
      id TEXT NOT NULL PRIMARY KEY,
      kind TEXT NOT NULL,
      source TEXT NOT NULL,
      at INTEGER NOT NULL,
      undone_by TEXT
    );
    CREATE TABLE dns_apply_items (
      apply TEXT NOT NULL,
      position INTEGER NOT NULL,
      domain TEXT NOT NULL,
      name TEXT NOT NULL,
      type TEXT NOT NULL,
      provider TEXT NOT NULL,
      zone TEXT NOT NULL,
      zone_id TEXT NOT NULL,
      before_set TEXT,
      after_set TEXT,
      ours_before TEXT NOT NULL,
      ours_after TEXT NOT NULL,
      outcome TEXT NOT NULL,
      detail TEXT NOT NULL,
      PRIMARY KEY (apply, position)
    ) WITHOUT ROWID;
  `,
  down: `
    DROP TABLE dns_apply_items;
    DROP TABLE dns_applies;
    DROP TABLE dns_plans;
    DROP TABLE dns_policies;
    DROP TABLE dns_owned;
  `,
};
