/** Which DNS lists had an address, from when to when. Times are milliseconds since 1970. */
import type { Database } from '../database.ts';

export interface SeenList {
  readonly zone: string;
  readonly title: string;
  readonly listed: boolean;
  /** '' when it is not listed. */
  readonly meanings: string;
}

export interface IpListing {
  readonly zone: string;
  readonly title: string;
  readonly meanings: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** When it was first seen to be off; absent: still on it at the last look. */
  readonly clearedAt?: number;
}

export interface IpHistory {
  readonly address: string;
  /** Absent: it was never looked at. */
  readonly firstCheckedAt?: number;
  readonly lastCheckedAt?: number;
  /** The latest first. */
  readonly listings: readonly IpListing[];
}

export const ipListingWrites = {
  /** `seen`: lists that gave an answer that can be believed; of the others nothing is changed. Rows older than `forgetBefore` go. */
  record(db: Database, { address, at, seen, forgetBefore }: { readonly address: string; readonly at: number; readonly seen: readonly SeenList[]; readonly forgetBefore: number }): void {
    db.run('INSERT INTO ip_checks (address, first_at, last_at) VALUES (?, ?, ?) ON CONFLICT (address) DO UPDATE SET last_at = excluded.last_at', address, at, at);
    for (const { zone, title, listed, meanings } of seen) {
      const open = db.get<{ readonly at: number }>('SELECT first_seen_at AS "at" FROM ip_listings WHERE address = ? AND zone = ? AND cleared_at IS NULL', address, zone);
      if (open && listed) db.run('UPDATE ip_listings SET last_seen_at = ?, meanings = ?, title = ? WHERE address = ? AND zone = ? AND first_seen_at = ?', at, meanings, title, address, zone, open.at);
      else if (open) db.run('UPDATE ip_listings SET cleared_at = ? WHERE address = ? AND zone = ? AND first_seen_at = ?', at, address, zone, open.at);
      else if (listed) db.run('INSERT INTO ip_listings (address, zone, first_seen_at, title, meanings, last_seen_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (address, zone, first_seen_at) DO UPDATE SET cleared_at = NULL, meanings = excluded.meanings', address, zone, at, title, meanings, at);
    }
    db.run('DELETE FROM ip_listings WHERE last_seen_at < ?', forgetBefore);
    db.run('DELETE FROM ip_checks WHERE last_at < ?', forgetBefore);
  },
};

export const ipListingReads = {
  history(db: Database, { address, limit }: { readonly address: string; readonly limit: number }): IpHistory {
    const checked = db.get<{ readonly firstCheckedAt: number; readonly lastCheckedAt: number }>('SELECT first_at AS "firstCheckedAt", last_at AS "lastCheckedAt" FROM ip_checks WHERE address = ?', address);
    const rows = db.all<Omit<IpListing, 'clearedAt'> & { readonly clearedAt: number | null }>(
      'SELECT zone, title, meanings, first_seen_at AS "firstSeenAt", last_seen_at AS "lastSeenAt", cleared_at AS "clearedAt" FROM ip_listings WHERE address = ? ORDER BY first_seen_at DESC, zone LIMIT ?', address, limit,
    );
    return { address, ...checked, listings: rows.map(({ clearedAt, ...row }) => ({ ...row, ...(clearedAt !== null && { clearedAt }) })) };
  },
};
