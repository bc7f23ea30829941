/**
 * Rewriting senders (mail/srs.ts): the keys, and the senders whose rewritten address would be too long to hold them. The
 * database is a file of mode 0600, as the secrets need it.
 */
import { SRS_LIMITS } from '../../base/limits.ts';
import { usableKeys } from '../../mail/srs.ts';
import type { Database } from '../database.ts';

export interface SrsKeyRow {
  readonly id: string;
  readonly secret: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** `secret` is used when a key is made. */
export interface NewSrsKey {
  readonly secret: Uint8Array;
  readonly atMs: number;
}

export const srsWrites = {
  /** The first key; nothing when there is one. */
  ensureKey(db: Database, args: NewSrsKey): void {
    if (allKeys(db).length === 0) addKey(db, args, []);
  },

  /** A new key that signs from now on; those that no longer count are removed. */
  rotate(db: Database, args: NewSrsKey): void {
    const before = allKeys(db);
    addKey(db, args, before);
    const kept = new Set(usableKeys(allKeys(db), args.atMs).slice(0, SRS_LIMITS.keysMax).map((key) => key.id));
    for (const { id } of before) if (!kept.has(id)) db.run('DELETE FROM srs_keys WHERE id = ?', id);
  },

  /** Durable before an address with this token leaves. Senders that nobody needs any more are removed on the way. */
  remember(db: Database, args: { readonly token: string; readonly sender: string; readonly atMs: number }): void {
    db.run(
      `INSERT INTO srs_senders (token, sender, last_used_at) VALUES (?1, ?2, ?3)
       ON CONFLICT (token) DO UPDATE SET last_used_at = excluded.last_used_at`,
      args.token, args.sender, args.atMs,
    );
    const goneBefore = args.atMs - (SRS_LIMITS.validDays + 1) * 86_400_000;
    const old = db.all<{ token: string }>('SELECT token FROM srs_senders WHERE last_used_at < ? ORDER BY last_used_at LIMIT ?', goneBefore, SRS_LIMITS.sweepBatchMax);
    for (const { token } of old) db.run('DELETE FROM srs_senders WHERE token = ?', token);
  },
};

export const srsReads = {
  /** In the order in which they were made. */
  keys(db: Database): readonly SrsKeyRow[] {
    return allKeys(db);
  },

  recall(db: Database, token: string): string | undefined {
    return db.get<{ sender: string }>('SELECT sender FROM srs_senders WHERE token = ?', token)?.sender;
  },
};

function allKeys(db: Database): readonly SrsKeyRow[] {
  return db.all<SrsKeyRow>('SELECT id, secret, created_at AS "createdAt" FROM srs_keys ORDER BY created_at');
}

/** Named after its day. A clock that was set back must not make an older key the newest. */
function addKey(db: Database, { secret, atMs }: NewSrsKey, before: readonly SrsKeyRow[]): void {
  const createdAt = Math.max(atMs, ...before.map((key) => key.createdAt + 1));
  const day = new Date(createdAt).toISOString().slice(0, 10).replaceAll('-', '');
  const taken = new Set(before.map((key) => key.id));
  let id = day;
  for (let number = 2; taken.has(id); number += 1) id = `${day}-${number}`;
  db.run('INSERT INTO srs_keys (id, secret, created_at) VALUES (?, ?, ?)', id, secret, createdAt);
}
