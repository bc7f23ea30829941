/**
 * Rows of addresses that are not written to. Addresses arrive as keys (mail/address.ts `addressKey`).
 *
 * Policy: what a person or a complaint put on the list is never replaced by a bounce; a bounce that is there already
 * keeps its date, and so does an entry that comes again with the same words. What stands for all mail is never narrowed to
 * one stream by a complaint, and complaints about two streams stand for all. A repeated soft failure counts once for each
 * message.
 */
import { SUPPRESSION_LIMITS } from '../../base/limits.ts';
import type { Suppression, SuppressionSource, SuppressionWrites } from '../../contract/suppression.ts';
import type { Database } from '../database.ts';

export interface SuppressionRow {
  readonly address: string;
  readonly source: SuppressionSource;
  readonly reason: string;
  readonly rule: string | null;
  readonly reply: string | null;
  readonly since: number;
  readonly expiresAt: number | null;
  readonly triedAt: number | null;
  readonly stream: Suppression['stream'] | null;
}

export interface SoftFailureArgs {
  readonly address: string;
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What to write when this failure completes the series. */
  readonly suppression: Omit<Suppression, 'address' | 'since'>;
}

export interface SuppressionFilter {
  /** Addresses after this one; '' from the start. */
  readonly after: string;
  readonly limit: number;
  /** '' for all. */
  readonly domain: string;
  readonly source: SuppressionSource | '';
}

const COLUMNS = 'address, source, reason, rule, reply, since, expires_at AS "expiresAt", tried_at AS "triedAt", stream';

const UPSERT = `INSERT INTO suppressions (address, source, reason, rule, reply, since, expires_at, stream) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (address) DO UPDATE SET source = excluded.source, reason = excluded.reason, rule = excluded.rule, reply = excluded.reply,
  since = excluded.since, expires_at = excluded.expires_at, tried_at = NULL,
  stream = CASE WHEN suppressions.source = excluded.source AND suppressions.stream <> excluded.stream THEN NULL ELSE excluded.stream END
  WHERE (excluded.source <> 'bounce' OR (suppressions.expires_at IS NOT NULL AND (suppressions.expires_at <= excluded.since OR suppressions.since > excluded.since)))
    AND NOT (suppressions.source = excluded.source AND suppressions.reason = excluded.reason AND suppressions.reply IS excluded.reply
      AND suppressions.expires_at IS excluded.expires_at AND suppressions.stream IS excluded.stream AND suppressions.since <= excluded.since)
    AND NOT (excluded.stream IS NOT NULL AND suppressions.stream IS NULL AND suppressions.source <> 'bounce')`;

export const suppressionWrites = {
  /** Those that stand already are left. */
  add(db: Database, rows: readonly Suppression[]): SuppressionWrites {
    const writes = { added: 0, changed: 0 };
    for (const row of rows) {
      const known = suppressionReads.find(db, row.address) !== null;
      writes[known ? 'changed' : 'added'] += put(db, row);
    }
    return writes;
  },

  /** Returns whether it was there. */
  remove(db: Database, address: string): boolean {
    db.run('DELETE FROM soft_failures WHERE address = ?', address);
    return db.run('DELETE FROM suppressions WHERE address = ?', address).changes > 0;
  },

  noteSoft(db: Database, args: SoftFailureArgs): { readonly suppressed: boolean } {
    const { address, messageId, at } = args;
    const known = db.get<{ messageId: string; failures: number; firstAt: number; lastAt: number }>(
      'SELECT message_id AS "messageId", failures, first_at AS "firstAt", last_at AS "lastAt" FROM soft_failures WHERE address = ?', address,
    );
    if (known?.messageId === messageId) return { suppressed: false };
    const series = known && at - known.lastAt <= SUPPRESSION_LIMITS.softForgetMs ? known : { failures: 0, firstAt: at };
    const failures = series.failures + 1;
    if (failures >= SUPPRESSION_LIMITS.softFailures && at - series.firstAt >= SUPPRESSION_LIMITS.softPeriodMs) {
      db.run('DELETE FROM soft_failures WHERE address = ?', address);
      put(db, { ...args.suppression, address, since: at });
      return { suppressed: true };
    }
    db.run(
      `INSERT INTO soft_failures (address, message_id, failures, first_at, last_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET message_id = excluded.message_id, failures = excluded.failures, first_at = excluded.first_at, last_at = excluded.last_at`,
      address, messageId, failures, series.firstAt, at,
    );
    return { suppressed: false };
  },

  /** The address took a message: its failures are over, and so is what a bounce did. Returns those taken off the list. */
  noteDelivered(db: Database, addresses: readonly string[]): readonly string[] {
    const lifted: string[] = [];
    for (const address of addresses) {
      db.run('DELETE FROM soft_failures WHERE address = ?', address);
      if (db.run(`DELETE FROM suppressions WHERE address = ? AND source = 'bounce'`, address).changes > 0) lifted.push(address);
    }
    return lifted;
  },

  noteTried(db: Database, args: { readonly address: string; readonly at: number }): void {
    db.run('UPDATE suppressions SET tried_at = ? WHERE address = ?', args.at, args.address);
  },
};

export const suppressionReads = {
  find(db: Database, address: string): SuppressionRow | null {
    return db.get<SuppressionRow>(`SELECT ${COLUMNS} FROM suppressions WHERE address = ?`, address) ?? null;
  },

  list(db: Database, { after, limit, domain, source }: SuppressionFilter): readonly SuppressionRow[] {
    return db.all<SuppressionRow>(
      `SELECT ${COLUMNS} FROM suppressions WHERE address > ?1 AND (?2 = '' OR address LIKE ?3 ESCAPE '\\') AND (?4 = '' OR source = ?4) ORDER BY address LIMIT ?5`,
      after, domain, `%@${domain.replace(/[\\%_]/g, '\\$&')}`, source, Math.min(limit, SUPPRESSION_LIMITS.listMax),
    );
  },

  count(db: Database): number {
    return db.get<{ count: number }>('SELECT count(*) AS count FROM suppressions')?.count ?? 0;
  },

  /** Addresses of both tables, for the set in memory. */
  keys(db: Database, { after, limit }: { readonly after: string; readonly limit: number }): readonly string[] {
    const rows = db.all<{ address: string }>(
      `SELECT address FROM (SELECT address FROM suppressions WHERE address > ?1 UNION SELECT address FROM soft_failures WHERE address > ?1) AS keys
       ORDER BY address LIMIT ?2`,
      after, limit,
    );
    return rows.map((row) => row.address);
  },
};

function put(db: Database, row: Suppression): number {
  return db.run(UPSERT, row.address, row.source, row.reason, row.rule ?? null, row.reply ?? null, row.since, row.expiresAt ?? null, row.stream ?? null).changes;
}
