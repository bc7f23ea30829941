/** What domains of ours publish by MTA-STS. */
import type { Database } from '../database.ts';

export interface StsPublicationRow {
  readonly domain: string;
  readonly mode: 'testing' | 'enforce' | 'none';
  /** Milliseconds since 1970: when this mode began. */
  readonly since: number;
  /** null: the usual one of the mode. */
  readonly maxAgeSeconds: number | null;
  /** Milliseconds since 1970: until then others may keep a policy of before. */
  readonly keptUntil: number;
  /** Milliseconds of testing before it was enforced; 0 while it is tested. */
  readonly testedMs: number;
}

export const stsPublicationWrites = {
  put(db: Database, row: StsPublicationRow): void {
    db.run(
      `INSERT INTO sts_publications (domain, mode, since, max_age_seconds, kept_until, tested_ms) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (domain) DO UPDATE SET mode = excluded.mode, since = excluded.since, max_age_seconds = excluded.max_age_seconds, kept_until = excluded.kept_until, tested_ms = excluded.tested_ms`,
      row.domain, row.mode, row.since, row.maxAgeSeconds, row.keptUntil, row.testedMs,
    );
  },

  remove(db: Database, { domain }: Pick<StsPublicationRow, 'domain'>): void {
    db.run('DELETE FROM sts_publications WHERE domain = ?', domain);
  },
};

export const stsPublicationReads = {
  get(db: Database, { domain }: Pick<StsPublicationRow, 'domain'>): StsPublicationRow | undefined {
    return db.get<StsPublicationRow>('SELECT domain, mode, since, max_age_seconds AS "maxAgeSeconds", kept_until AS "keptUntil", tested_ms AS "testedMs" FROM sts_publications WHERE domain = ?', domain);
  },
};
