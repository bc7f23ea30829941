/** The defaults that domains had been applied with before something was applied, so that undoing it takes them back as well. */
import type { Migration } from '../migrate.ts';

export const dnsUndonePoliciesMigration: Migration = {
  version: 80,
  name: 'dns-undone-policies',
  up: `
    ALTER TABLE dns_applies ADD COLUMN policies TEXT;
  `,
  down: `
    ALTER TABLE dns_applies DROP COLUMN policies;
  `,
};
