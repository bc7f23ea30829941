/** Rows of seed accounts and of what was found in them. Secrets arrive sealed. */
import type { Database } from '../database.ts';

export interface SeedRow {
  readonly address: string;
  readonly provider: string;
  readonly host: string;
  readonly port: number;
  readonly security: string;
  readonly username: string;
  readonly kind: string;
  readonly addedAt: number;
  readonly readAt: number | null;
  readonly trouble: string;
}

export interface PlacementRow {
  readonly seed: string;
  readonly messageId: string;
  readonly queueId: string;
  readonly stream: string;
  readonly fromDomain: string;
  readonly test: number;
  readonly sentAt: number;
  readonly place: string;
  readonly folder: string;
  readonly arrivedAt: number | null;
  readonly foundAt: number | null;
  readonly spf: string;
  readonly dkim: string;
  readonly dmarc: string;
}

const SEED = 'address, provider, host, port, security, username, kind, added_at AS "addedAt", read_at AS "readAt", trouble';
const PLACEMENT = `seed, message_id AS "messageId", queue_id AS "queueId", stream, from_domain AS "fromDomain", test, sent_at AS "sentAt", place, folder,
  arrived_at AS "arrivedAt", found_at AS "foundAt", spf, dkim, dmarc`;

export const placementWrites = {
  putSeed(db: Database, { secret, ...row }: Omit<SeedRow, 'readAt' | 'trouble'> & { readonly secret: Uint8Array }): void {
    db.run(
      `INSERT INTO placement_seeds (address, provider, host, port, security, username, kind, secret, added_at, trouble) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '')
       ON CONFLICT (address) DO UPDATE SET provider = excluded.provider, host = excluded.host, port = excluded.port, security = excluded.security,
         username = excluded.username, kind = excluded.kind, secret = excluded.secret, trouble = ''`,
      row.address, row.provider, row.host, row.port, row.security, row.username, row.kind, secret, row.addedAt,
    );
  },

  /** Whether it was there. What was found in it stays. */
  removeSeed(db: Database, { address }: { readonly address: string }): boolean {
    db.run(`DELETE FROM placements WHERE seed = ? AND place = 'waiting'`, address);
    return Number(db.run('DELETE FROM placement_seeds WHERE address = ?', address).changes) > 0;
  },

  noteRead(db: Database, { address, at, trouble }: { readonly address: string; readonly at: number; readonly trouble: string }): void {
    db.run('UPDATE placement_seeds SET read_at = CASE WHEN ? = \'\' THEN ? ELSE read_at END, trouble = ? WHERE address = ?', trouble, at, trouble, address);
  },

  /** What is known already is left. */
  expect(db: Database, rows: readonly Omit<PlacementRow, 'place' | 'folder' | 'arrivedAt' | 'foundAt' | 'spf' | 'dkim' | 'dmarc'>[]): void {
    for (const row of rows) {
      db.run(
        `INSERT INTO placements (seed, message_id, queue_id, stream, from_domain, test, sent_at, place, folder, spf, dkim, dmarc)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', '', '', '', '')
         ON CONFLICT (seed, message_id) DO NOTHING`,
        row.seed, row.messageId, row.queueId, row.stream, row.fromDomain, row.test, row.sentAt,
      );
    }
  },

  found(db: Database, rows: readonly Pick<PlacementRow, 'seed' | 'messageId' | 'place' | 'folder' | 'arrivedAt' | 'foundAt' | 'spf' | 'dkim' | 'dmarc'>[]): void {
    for (const row of rows) {
      db.run(
        'UPDATE placements SET place = ?, folder = ?, arrived_at = ?, found_at = ?, spf = ?, dkim = ?, dmarc = ? WHERE seed = ? AND message_id = ?',
        row.place, row.folder, row.arrivedAt, row.foundAt, row.spf, row.dkim, row.dmarc, row.seed, row.messageId,
      );
    }
  },

  removeBefore(db: Database, { before }: { readonly before: number }): number {
    return Number(db.run('DELETE FROM placements WHERE sent_at < ?', before).changes);
  },
};

export const placementReads = {
  seeds(db: Database): readonly SeedRow[] {
    return db.all<SeedRow>(`SELECT ${SEED} FROM placement_seeds ORDER BY address`);
  },

  secret(db: Database, { address }: { readonly address: string }): Uint8Array | undefined {
    return db.get<{ readonly secret: Uint8Array }>('SELECT secret FROM placement_seeds WHERE address = ?', address)?.secret;
  },

  waiting(db: Database, { seed, limit }: { readonly seed: string; readonly limit: number }): readonly PlacementRow[] {
    return db.all<PlacementRow>(`SELECT ${PLACEMENT} FROM placements WHERE seed = ? AND place = 'waiting' ORDER BY sent_at LIMIT ?`, seed, limit);
  },

  /** Newest first. '' for all seeds. */
  list(db: Database, { since, until, seed, limit }: { readonly since: number; readonly until: number; readonly seed: string; readonly limit: number }): readonly PlacementRow[] {
    return db.all<PlacementRow>(`SELECT ${PLACEMENT} FROM placements WHERE sent_at >= ? AND sent_at < ? AND (? = '' OR seed = ?) ORDER BY sent_at DESC, seed LIMIT ?`, since, until, seed, seed, limit);
  },
};
