/** What the guard remembers of each check of each subject, and the news it has to tell. States and entries are JSON. */
import type { Database } from '../database.ts';

export interface GuardStateRow {
  readonly subject: string;
  readonly check: string;
  readonly state: string;
  readonly doubtful: boolean;
  readonly acknowledged: boolean;
  readonly lastSeenAt: number;
}

export interface GuardNewsRow {
  readonly id: number;
  readonly at: number;
  readonly entry: string;
  readonly toldAt: number | null;
}

export const guardWrites = {
  /** States and the news that follow from them stand or fall together. */
  put(db: Database, { states, news, at }: { readonly states: readonly GuardStateRow[]; readonly news: readonly string[]; readonly at: number }): void {
    for (const { subject, check, state, doubtful, acknowledged, lastSeenAt } of states) {
      db.run(
        `INSERT INTO guard_states (subject, check_id, state, doubtful, acknowledged, last_seen_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (subject, check_id) DO UPDATE SET state = excluded.state, doubtful = excluded.doubtful,
           acknowledged = excluded.acknowledged, last_seen_at = excluded.last_seen_at`,
        subject, check, state, doubtful ? 1 : 0, acknowledged ? 1 : 0, lastSeenAt,
      );
    }
    for (const entry of news) db.run('INSERT INTO guard_news (at, entry) VALUES (?, ?)', at, entry);
  },

  /** All up to this one. */
  told(db: Database, { last, at }: { readonly last: number; readonly at: number }): void {
    db.run('UPDATE guard_news SET told_at = ? WHERE told_at IS NULL AND id <= ?', at, last);
  },

  /** States not seen since `seenBefore`, and news told before `toldBefore`. */
  prune(db: Database, { seenBefore, toldBefore }: { readonly seenBefore: number; readonly toldBefore: number }): void {
    db.run('DELETE FROM guard_states WHERE last_seen_at < ?', seenBefore);
    db.run('DELETE FROM guard_news WHERE told_at < ?', toldBefore);
  },
};

export const guardReads = {
  statesOf(db: Database, { subjects }: { readonly subjects: readonly string[] }): readonly string[] {
    return subjects.flatMap((subject) => db.all<{ state: string }>('SELECT state FROM guard_states WHERE subject = ? ORDER BY check_id', subject).map(({ state }) => state));
  },

  /** `doubtful` or `acknowledged` ones only, or all; pages by (subject, check) after those given. */
  states(db: Database, { which, after, limit }: { readonly which: 'all' | 'doubtful' | 'acknowledged'; readonly after: { readonly subject: string; readonly check: string }; readonly limit: number }): readonly string[] {
    return db.all<{ state: string }>(
      `SELECT state FROM guard_states WHERE (subject > ?1 OR (subject = ?1 AND check_id > ?2)) AND (?3 = 'all' OR (?3 = 'doubtful' AND doubtful = 1) OR (?3 = 'acknowledged' AND acknowledged = 1))
       ORDER BY subject, check_id LIMIT ?4`,
      after.subject, after.check, which, limit,
    ).map(({ state }) => state);
  },

  untold(db: Database, { limit }: { readonly limit: number }): readonly GuardNewsRow[] {
    return db.all<GuardNewsRow>('SELECT id, at, entry, told_at AS "toldAt" FROM guard_news WHERE told_at IS NULL ORDER BY id LIMIT ?', limit);
  },

  /** How many, and the last of them. */
  countUntold(db: Database): { readonly count: number; readonly last: number } {
    return db.get<{ count: number; last: number }>('SELECT count(*) AS count, coalesce(max(id), 0) AS last FROM guard_news WHERE told_at IS NULL') ?? { count: 0, last: 0 };
  },

  /** The latest first. */
  news(db: Database, { limit }: { readonly limit: number }): readonly GuardNewsRow[] {
    return db.all<GuardNewsRow>('SELECT id, at, entry, told_at AS "toldAt" FROM guard_news ORDER BY id DESC LIMIT ?', limit);
  },
};
