/**
 * Rows of Sieve scripts, and of what scripts remember. Names are compared as they are (RFC 5804 §1.6); an account has at
 * most one active script (§1.4).
 */
import { Failure } from '../../base/errors.ts';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { ScriptMemory } from '../../contract/queue.ts';
import type { Database } from '../database.ts';

export interface ScriptRow {
  readonly name: string;
  readonly active: boolean;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

export interface ScriptKey {
  /** As addressKey. */
  readonly account: string;
  readonly name: string;
}

/** Rows that have run out are taken away a few at a time, with others that are written. */
const FORGOTTEN_AT_ONCE = 20;

/** Part of the commit that settles the recipient. A later end goes before an earlier one. */
export function rememberForScript(db: Database, { account, kind, key, expiresAt }: ScriptMemory, nowMs: number): void {
  db.run(
    `INSERT INTO sieve_memory (account, kind, key, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (account, kind, key) DO UPDATE SET expires_at = excluded.expires_at WHERE excluded.expires_at > sieve_memory.expires_at`,
    account, kind, key, expiresAt,
  );
  db.run(
    'DELETE FROM sieve_memory WHERE (account, kind, key) IN (SELECT account, kind, key FROM sieve_memory WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)',
    nowMs, FORGOTTEN_AT_ONCE,
  );
}

/** With the account. */
export function removeScriptsOf(db: Database, account: string): void {
  db.run('DELETE FROM sieve_scripts WHERE account = ?', account);
  db.run('DELETE FROM sieve_memory WHERE account = ?', account);
}

function failed(code: string, message: string): Failure {
  return new Failure(code, message, { temporary: false });
}

function unknown({ name }: ScriptKey): Failure {
  return failed('script-unknown', `there is no script ${JSON.stringify(name)}`);
}

function find(db: Database, { account, name }: ScriptKey): { readonly active: number } | undefined {
  return db.get<{ active: number }>('SELECT active FROM sieve_scripts WHERE account = ? AND name = ?', account, name);
}

function requireRoom(db: Database, account: string, sizeBytes: number): void {
  const held = db.get<{ count: number; bytes: number | null }>('SELECT count(*) AS count, sum(size_bytes) AS bytes FROM sieve_scripts WHERE account = ?', account);
  if ((held?.count ?? 0) >= SIEVE_LIMITS.scriptsMax) throw failed('too-many-scripts', `there are ${SIEVE_LIMITS.scriptsMax} scripts already: remove one first`);
  if ((held?.bytes ?? 0) + sizeBytes > SIEVE_LIMITS.accountBytesMax) throw failed('too-many-scripts', 'the scripts of this account take too much room together: remove one first');
}

export const scriptWrites = {
  /** Makes it or replaces it; an active one stays active. Throws Failure `account-unknown`, `too-many-scripts`. */
  put(db: Database, args: ScriptKey & { readonly content: Uint8Array; readonly at: number; readonly activate?: boolean }): void {
    const { account, name, content, at } = args;
    if (!db.get('SELECT 1 AS found FROM accounts WHERE address = ?', account)) throw failed('account-unknown', `there is no account ${account}`);
    if (!find(db, args)) requireRoom(db, account, content.length);
    db.run(
      `INSERT INTO sieve_scripts (account, name, content, size_bytes, active, changed_at) VALUES (?, ?, ?, ?, 0, ?)
       ON CONFLICT (account, name) DO UPDATE SET content = excluded.content, size_bytes = excluded.size_bytes, changed_at = excluded.changed_at`,
      account, name, content, content.length, at,
    );
    if (args.activate) scriptWrites.activate(db, { account, name });
  },

  /** The others are active no more; undefined: none is. Throws Failure `script-unknown`. */
  activate(db: Database, { account, name }: { readonly account: string; readonly name: string | undefined }): void {
    if (name !== undefined && !find(db, { account, name })) throw unknown({ account, name });
    db.run('UPDATE sieve_scripts SET active = 0 WHERE account = ? AND active = 1', account);
    if (name !== undefined) db.run('UPDATE sieve_scripts SET active = 1 WHERE account = ? AND name = ?', account, name);
  },

  /** Throws Failure `script-unknown`, `script-active` (RFC 5804 §2.10). */
  remove(db: Database, key: ScriptKey): void {
    const row = find(db, key);
    if (!row) throw unknown(key);
    if (row.active !== 0) throw failed('script-active', `the script ${JSON.stringify(key.name)} is active: activate another one, or none, first`);
    db.run('DELETE FROM sieve_scripts WHERE account = ? AND name = ?', key.account, key.name);
  },

  /** An active one stays active. Throws Failure `script-unknown`, `script-exists` (RFC 5804 §2.11.1). */
  rename(db: Database, { newName, ...key }: ScriptKey & { readonly newName: string }): void {
    if (!find(db, key)) throw unknown(key);
    if (find(db, { ...key, name: newName })) throw failed('script-exists', `there is a script ${JSON.stringify(newName)} already`);
    db.run('UPDATE sieve_scripts SET name = ? WHERE account = ? AND name = ?', newName, key.account, key.name);
  },
};

export const scriptReads = {
  /** By name. */
  list(db: Database, { account }: { readonly account: string }): readonly ScriptRow[] {
    const rows = db.all<Omit<ScriptRow, 'active'> & { readonly active: number }>(
      'SELECT name, active, size_bytes AS "sizeBytes", changed_at AS "changedAt" FROM sieve_scripts WHERE account = ? ORDER BY name', account,
    );
    return rows.map((row) => ({ ...row, active: row.active !== 0 }));
  },

  get(db: Database, { account, name }: ScriptKey): Uint8Array | undefined {
    return db.get<{ content: Uint8Array }>('SELECT content FROM sieve_scripts WHERE account = ? AND name = ?', account, name)?.content;
  },

  /** The accounts that have an active script. */
  owners(db: Database): readonly string[] {
    return db.all<{ account: string }>('SELECT account FROM sieve_scripts WHERE active = 1').map(({ account }) => account);
  },

  active(db: Database, { account }: { readonly account: string }): { readonly name: string; readonly content: Uint8Array } | undefined {
    return db.get('SELECT name, content FROM sieve_scripts WHERE account = ? AND active = 1', account);
  },

  /** Is it remembered still? */
  remembers(db: Database, { account, kind, key, at }: Omit<ScriptMemory, 'expiresAt'> & { readonly at: number }): boolean {
    return db.get('SELECT 1 AS found FROM sieve_memory WHERE account = ? AND kind = ? AND key = ? AND expires_at > ?', account, kind, key, at) !== undefined;
  },
};
