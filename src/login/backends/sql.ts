/**
 * A database that somebody else keeps: PostgreSQL, MySQL or MariaDB, or a file of SQLite. A query gives the password hash
 * (schemes/password-scheme.ts) and, if the mailbox has another address, that.
 *
 * Policy: what a user typed goes to the database as parameters only. No row: the user is unknown. More than one: a wrong
 * query, and nobody gets in. A NULL password is a closed account.
 */
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { SqlBackendConfig } from '../../config/login-config.ts';
import type { SchemeVerifier } from '../schemes/scheme-verifier.ts';
import { backendDown, type BackendUser, type LoginBackend } from './backend.ts';
import { openSqlDatabase, type SqlDatabase, type SqlRow } from './sql-database.ts';

export function createSqlBackend(config: SqlBackendConfig, schemes: Pick<SchemeVerifier, 'fits'>, log: Log): LoginBackend {
  const { name, passwordQuery, userQuery = passwordQuery } = config;
  let database: SqlDatabase | undefined;
  let waiting = 0;
  const ask = async (query: string, user: BackendUser): Promise<SqlRow | undefined> => {
    if (waiting >= ACCOUNT_LIMITS.backendWaitingMax) throw new Failure('login-busy', 'too many log-ins at once, try again later');
    waiting += 1;
    try {
      database ??= openSqlDatabase(config);
      const { text, values } = bindParameters(query, user, database.placeholder);
      const rows = await database.query(text, values);
      if (rows.length > 1) throw new Error('the query gives more than one row for a user');
      return rows[0];
    } catch (error) {
      const detail = describe(error);
      log.warn('login.backend-failed', { backend: name, error: detail });
      throw backendDown(name, detail, error);
    } finally {
      waiting -= 1;
    }
  };
  return {
    name,
    check: async (user, password) => {
      const row = await ask(passwordQuery, user);
      if (!row) return { kind: 'unknown' };
      const { password: stored, address } = row;
      if (stored === null || stored === '') return { kind: 'disabled' };
      if (stored === undefined) throw backendDown(name, 'the password query gives no column named password');
      if (!(await schemes.fits(textOf(stored), password))) return { kind: 'wrong' };
      return { kind: 'ok', ...(address === undefined || address === null ? {} : { address: textOf(address) }) };
    },
    exists: async (user) => (await ask(userQuery, user)) !== undefined,
    close: async () => {
      await database?.close();
      database = undefined;
    },
  };
}

/** `:user`, `:local` and `:domain` outside of quotes become parameters of the database's own kind. */
function bindParameters(query: string, { user, local, domain }: BackendUser, placeholder: (position: number) => string): { text: string; values: string[] } {
  const known: Readonly<Record<string, string>> = { user, local, domain };
  const values: string[] = [];
  const text = query.replace(/'(?:[^']|'')*'|"[^"]*"|::[a-z]+|:(user|local|domain)\b/g, (matched: string, parameter: string | undefined) => {
    if (parameter === undefined) return matched;
    values.push(known[parameter] ?? '');
    return placeholder(values.length);
  });
  return { text, values };
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
}

function describe(error: unknown): string {
  const { message, code } = error as { message?: string; code?: unknown };
  return `${code === undefined ? '' : `${String(code)}: `}${(message ?? String(error)).slice(0, 300)}`;
}
