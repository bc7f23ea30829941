/** Rows of app passwords. Only a digest is kept: they are random enough that no slow hash is needed (docs/decisions/0185). */
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { Database } from '../database.ts';

export interface AppPasswordRow {
  readonly name: string;
  /** Services, separated by spaces. */
  readonly scopes: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly usedAt: number | null;
  readonly usedFrom: string | null;
  readonly usedService: string | null;
}

/** As the log-in needs them. */
export interface StoredAppPassword {
  readonly name: string;
  readonly scopes: string;
  readonly digest: Uint8Array;
}

function permanent(code: string, text: string): Failure {
  return new Failure(code, text, { temporary: false });
}

function requireAccount(db: Database, account: string): void {
  const row = db.get<{ shared: number }>('SELECT shared FROM accounts WHERE address = ?', account);
  if (!row) throw permanent('account-unknown', `there is no account ${account}: posthorn account list shows those there are`);
  if (row.shared === 1) throw permanent('account-shared', `${account} is a shared mailbox, to which nobody logs in`);
}

export const appPasswordWrites = {
  /** Throws Failure `account-unknown`, `account-shared`, `app-password-exists`, `too-many-app-passwords`. */
  add(db: Database, args: { readonly account: string; readonly name: string; readonly digest: Uint8Array; readonly scopes: string; readonly at: number }): void {
    requireAccount(db, args.account);
    if (db.get('SELECT 1 AS found FROM app_passwords WHERE account = ? AND name = ?', args.account, args.name)) {
      throw permanent('app-password-exists', `${args.account} has an app password "${args.name}" already: choose another name, or remove that one first`);
    }
    const count = db.get<{ count: number }>('SELECT count(*) AS count FROM app_passwords WHERE account = ?', args.account)?.count ?? 0;
    if (count >= ACCOUNT_LIMITS.appPasswordsMax) throw permanent('too-many-app-passwords', `${args.account} has ${count} app passwords, which is the most it can have: remove one first`);
    db.run('INSERT INTO app_passwords (account, name, digest, scopes, created_at) VALUES (?, ?, ?, ?, ?)', args.account, args.name, args.digest, args.scopes, args.at);
  },

  /** Throws Failure `account-unknown`, `app-password-unknown`. */
  remove(db: Database, args: { readonly account: string; readonly name: string }): void {
    const { changes } = db.run('DELETE FROM app_passwords WHERE account = ? AND name = ?', args.account, args.name);
    if (changes > 0) return;
    requireAccount(db, args.account);
    throw permanent('app-password-unknown', `${args.account} has no app password "${args.name}": posthorn account app-password list ${args.account} shows those there are`);
  },
};

export const appPasswordReads = {
  /** Oldest first. Throws Failure `account-unknown`. */
  list(db: Database, args: { readonly account: string }): readonly AppPasswordRow[] {
    const rows = db.all<AppPasswordRow>(
      `SELECT name, scopes, created_at AS "createdAt", used_at AS "usedAt", used_from AS "usedFrom", used_service AS "usedService"
       FROM app_passwords WHERE account = ? ORDER BY created_at, name`,
      args.account,
    );
    if (rows.length === 0 && !db.get('SELECT 1 AS found FROM accounts WHERE address = ?', args.account)) {
      throw permanent('account-unknown', `there is no account ${args.account}: posthorn account list shows those there are`);
    }
    return rows;
  },
};

export function appPasswordsOf(db: Database, account: string): readonly StoredAppPassword[] {
  return db.all<StoredAppPassword>('SELECT name, scopes, digest FROM app_passwords WHERE account = ?', account);
}
