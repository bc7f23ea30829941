/** MTA-STS policies that were fetched. Lists are JSON text. */
import type { Database } from '../database.ts';

export interface StsPolicyRow {
  readonly domain: string;
  readonly id: string;
  readonly mode: 'enforce' | 'testing' | 'none';
  /** JSON array of patterns. */
  readonly mx: string;
  readonly maxAgeSeconds: number;
  /** Milliseconds since 1970. */
  readonly fetchedAt: number;
  readonly expiresAt: number;
}

const COLUMNS = 'domain, id, mode, mx, max_age_seconds AS "maxAgeSeconds", fetched_at AS "fetchedAt", expires_at AS "expiresAt"';

export const stsPolicyWrites = {
  put(db: Database, row: StsPolicyRow): void {
    db.run(
      `INSERT INTO sts_policies (domain, id, mode, mx, max_age_seconds, fetched_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (domain) DO UPDATE SET id = excluded.id, mode = excluded.mode, mx = excluded.mx,
         max_age_seconds = excluded.max_age_seconds, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at`,
      row.domain, row.id, row.mode, row.mx, row.maxAgeSeconds, row.fetchedAt, row.expiresAt,
    );
  },

  /** How many there were. */
  remove(db: Database, args: { readonly domain: string }): number {
    return Number(db.run('DELETE FROM sts_policies WHERE domain = ?', args.domain).changes);
  },

  removeExpired(db: Database, args: { readonly before: number }): number {
    return Number(db.run('DELETE FROM sts_policies WHERE expires_at < ?', args.before).changes);
  },
};

export const stsPolicyReads = {
  get(db: Database, args: { readonly domain: string }): StsPolicyRow | undefined {
    return db.get<StsPolicyRow>(`SELECT ${COLUMNS} FROM sts_policies WHERE domain = ?`, args.domain);
  },

  due(db: Database, args: { readonly fetchedBefore: number; readonly now: number; readonly limit: number }): readonly StsPolicyRow[] {
    return db.all<StsPolicyRow>(
      `SELECT ${COLUMNS} FROM sts_policies WHERE fetched_at < ? AND expires_at > ? ORDER BY fetched_at LIMIT ?`,
      args.fetchedBefore, args.now, args.limit,
    );
  },

  list(db: Database, args: { readonly after: string; readonly limit: number }): readonly StsPolicyRow[] {
    return db.all<StsPolicyRow>(`SELECT ${COLUMNS} FROM sts_policies WHERE domain > ? ORDER BY domain LIMIT ?`, args.after, args.limit);
  },
};
