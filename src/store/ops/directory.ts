/**
 * Rows of domains, accounts and aliases. Addresses come in the form of addressKey, domains in that of normalizeDomain;
 * the client (store/clients/directory.ts) sees to it.
 */
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import type { Database } from '../database.ts';
import { appPasswordsOf } from './app-passwords.ts';
import type { StoredAppPassword } from './app-passwords.ts';
import { createFirstFolders, removeFolders } from './folders.ts';
import { removeScriptsOf } from './scripts.ts';

export interface DomainRow {
  readonly name: string;
  readonly catchAll: string | null;
  /** Every local part means the same one in that domain. */
  readonly aliasOf: string | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface AccountRow {
  readonly address: string;
  readonly domain: string;
  readonly disabled: boolean;
  /** Nobody logs in to it. */
  readonly shared: boolean;
  /** Who vouches for its password: `store`, or the name of a [[login.backend]]. */
  readonly origin: string;
  readonly createdAt: number;
  readonly passwordChangedAt: number;
}

export interface AliasRow {
  readonly address: string;
  readonly target: string;
}

export interface StoredCredentials {
  readonly address: string;
  readonly disabled: boolean;
  readonly hash: string;
  readonly scramSalt: Uint8Array;
  readonly scramIterations: number;
  readonly scramStoredKey: Uint8Array;
  readonly scramServerKey: Uint8Array;
  readonly shared: boolean;
  readonly origin: string;
  /** One-time codes are on. */
  readonly secondFactor: boolean;
  readonly appPasswords: readonly StoredAppPassword[];
}

export type CredentialValues = Pick<StoredCredentials, 'hash' | 'scramSalt' | 'scramIterations' | 'scramStoredKey' | 'scramServerKey'>;

export interface Snapshot {
  /** By name. */
  readonly domains: readonly DomainRow[];
  /** Oldest first. */
  readonly accounts: readonly AccountRow[];
  /** By address and position. */
  readonly aliases: readonly AliasRow[];
}

function permanent(code: string, text: string): Failure {
  return new Failure(code, text, { temporary: false });
}

function requireDomain(db: Database, name: string): DomainRow {
  const row = db.get<DomainRow>('SELECT name, catch_all AS "catchAll", alias_of AS "aliasOf", created_at AS "createdAt" FROM domains WHERE name = ?', name);
  if (!row) throw permanent('domain-unknown', `${name} is not a domain of this server: add it with posthorn domain add ${name}`);
  return row;
}

function hasAccount(db: Database, address: string): boolean {
  return db.get('SELECT 1 AS found FROM accounts WHERE address = ?', address) !== undefined;
}

function requireAccount(db: Database, address: string): void {
  if (!hasAccount(db, address)) throw permanent('account-unknown', `there is no account ${address}: posthorn account list shows those there are`);
}

function hasAlias(db: Database, address: string): boolean {
  return db.get('SELECT 1 AS found FROM aliases WHERE address = ? LIMIT 1', address) !== undefined;
}

function insertAliasTarget(db: Database, args: { readonly address: string; readonly domain: string; readonly target: string; readonly at: number }): void {
  const last = db.get<{ position: number | null; count: number }>(
    'SELECT max(position) AS position, count(*) AS count FROM aliases WHERE address = ?', args.address,
  );
  if ((last?.count ?? 0) >= DIRECTORY_LIMITS.aliasTargetsMax) {
    throw permanent('too-many-targets', `an alias can have at most ${DIRECTORY_LIMITS.aliasTargetsMax} targets; a mailing list has no such limit`);
  }
  if (db.get('SELECT 1 AS found FROM aliases WHERE address = ? AND target = ?', args.address, args.target)) return;
  db.run(
    'INSERT INTO aliases (address, position, target, domain, created_at) VALUES (?, ?, ?, ?, ?)',
    args.address, (last?.position ?? -1) + 1, args.target, args.domain, args.at,
  );
}

const domainWrites = {
  /** Throws Failure `domain-exists`. */
  addDomain(db: Database, args: { readonly name: string; readonly aliasOf: string | null; readonly at: number }): void {
    if (db.get('SELECT 1 AS found FROM domains WHERE name = ?', args.name)) {
      throw permanent('domain-exists', `${args.name} is a domain of this server already`);
    }
    if (args.aliasOf !== null && requireDomain(db, args.aliasOf).aliasOf !== null) {
      throw permanent('domain-alias-chain', `${args.aliasOf} is itself an alias of another domain: name that one`);
    }
    const count = db.get<{ count: number }>('SELECT count(*) AS count FROM domains')?.count ?? 0;
    if (count >= DIRECTORY_LIMITS.domainsMax) throw permanent('too-many-domains', `this server has ${count} domains, which is the most it can have`);
    db.run('INSERT INTO domains (name, alias_of, created_at) VALUES (?, ?, ?)', args.name, args.aliasOf, args.at);
  },

  /** With its aliases and the rows of its keys. Throws Failure `domain-in-use` while accounts or domain aliases are left. */
  removeDomain(db: Database, args: { readonly name: string }): void {
    requireDomain(db, args.name);
    const account = db.get<{ address: string }>('SELECT address FROM accounts WHERE domain = ? LIMIT 1', args.name);
    if (account) throw permanent('domain-in-use', `${args.name} still has the account ${account.address}: remove its accounts first`);
    const other = db.get<{ name: string }>('SELECT name FROM domains WHERE alias_of = ? LIMIT 1', args.name);
    if (other) throw permanent('domain-in-use', `${other.name} is an alias of ${args.name}: remove it first`);
    db.run('DELETE FROM aliases WHERE domain = ?', args.name);
    db.run('DELETE FROM dkim_keys WHERE domain = ?', args.name);
    db.run('DELETE FROM dkim_rotations WHERE domain = ?', args.name);
    db.run('DELETE FROM sts_publications WHERE domain = ?', args.name);
    db.run('DELETE FROM domains WHERE name = ?', args.name);
  },

  setCatchAll(db: Database, args: { readonly name: string; readonly target: string | null }): void {
    requireDomain(db, args.name);
    db.run('UPDATE domains SET catch_all = ? WHERE name = ?', args.target, args.name);
  },
};

const LOGIN_TABLES = ['app_passwords', 'second_factors', 'recovery_codes', 'logins', 'login_addresses'] as const;

const accountWrites = {
  /** Throws Failure `domain-unknown`, `account-exists`. */
  addAccount(db: Database, args: { readonly address: string; readonly domain: string; readonly credentials: CredentialValues; readonly at: number; readonly shared?: boolean; readonly origin?: string }): void {
    const domain = requireDomain(db, args.domain);
    if (domain.aliasOf !== null) throw permanent('domain-is-alias', `${args.domain} is an alias of ${domain.aliasOf}: add the account there`);
    if (hasAccount(db, args.address)) throw permanent('account-exists', `${args.address} exists already: posthorn account password changes its password`);
    if (hasAlias(db, args.address)) throw permanent('alias-exists', `${args.address} is an alias: remove that first`);
    const { hash, scramSalt, scramIterations, scramStoredKey, scramServerKey } = args.credentials;
    db.run(
      `INSERT INTO accounts (address, domain, password_hash, scram_salt, scram_iterations, scram_stored_key, scram_server_key, disabled,
         created_at, password_changed_at, shared, origin)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`,
      args.address, args.domain, hash, scramSalt, scramIterations, scramStoredKey, scramServerKey, args.at, args.at, args.shared ? 1 : 0, args.origin ?? 'store',
    );
    createFirstFolders(db, args.address, args.at);
  },

  /** From then on the store vouches for the account. Throws Failure `account-unknown`, `account-shared`. */
  setPassword(db: Database, args: { readonly address: string; readonly credentials: CredentialValues; readonly at: number }): void {
    requireAccount(db, args.address);
    if (db.get<{ shared: number }>('SELECT shared FROM accounts WHERE address = ?', args.address)?.shared === 1) {
      throw permanent('account-shared', `${args.address} is a shared mailbox, to which nobody logs in`);
    }
    const { hash, scramSalt, scramIterations, scramStoredKey, scramServerKey } = args.credentials;
    db.run(
      `UPDATE accounts SET password_hash = ?, scram_salt = ?, scram_iterations = ?, scram_stored_key = ?, scram_server_key = ?,
         password_changed_at = ?, origin = 'store' WHERE address = ?`,
      hash, scramSalt, scramIterations, scramStoredKey, scramServerKey, args.at, args.address,
    );
  },

  setDisabled(db: Database, args: { readonly address: string; readonly disabled: boolean }): void {
    requireAccount(db, args.address);
    db.run('UPDATE accounts SET disabled = ? WHERE address = ?', args.disabled ? 1 : 0, args.address);
  },

  /** With all of its mail. Aliases that lead to it stay and lead nowhere. */
  removeAccount(db: Database, args: { readonly address: string }): void {
    requireAccount(db, args.address);
    removeFolders(db, args.address);
    removeScriptsOf(db, args.address);
    for (const table of LOGIN_TABLES) db.run(`DELETE FROM ${table} WHERE account = ?`, args.address);
    db.run('DELETE FROM accounts WHERE address = ?', args.address);
  },
};

const aliasWrites = {
  /** Adds targets to an alias, or makes it. Throws Failure `domain-unknown`, `account-exists`, `too-many-targets`. */
  addAlias(db: Database, args: { readonly address: string; readonly domain: string; readonly targets: readonly string[]; readonly at: number }): void {
    requireDomain(db, args.domain);
    if (hasAccount(db, args.address)) throw permanent('account-exists', `${args.address} is an account: an alias needs an address of its own`);
    for (const target of args.targets) insertAliasTarget(db, { ...args, target });
  },

  /** One target, or all. Throws Failure `alias-unknown`. */
  removeAlias(db: Database, args: { readonly address: string; readonly target: string | null }): void {
    const { changes } =
      args.target === null
        ? db.run('DELETE FROM aliases WHERE address = ?', args.address)
        : db.run('DELETE FROM aliases WHERE address = ? AND target = ?', args.address, args.target);
    if (changes === 0) throw permanent('alias-unknown', `there is no such alias ${args.address}: posthorn alias list shows those there are`);
  },
};

export const directoryWrites = {
  ...domainWrites,
  ...accountWrites,
  ...aliasWrites,

  /** The secret of this name; `bytes` becomes it when there was none. */
  ensureSecret(db: Database, args: { readonly name: string; readonly bytes: Uint8Array }): Uint8Array {
    const known = db.get<{ bytes: Uint8Array }>('SELECT bytes FROM directory_secrets WHERE name = ?', args.name);
    if (known) return known.bytes;
    db.run('INSERT INTO directory_secrets (name, bytes) VALUES (?, ?)', args.name, args.bytes);
    return args.bytes;
  },
};

export const directoryReads = {
  snapshot(db: Database): Snapshot {
    const accounts = db.all<Omit<AccountRow, 'disabled' | 'shared'> & { readonly disabled: number; readonly shared: number }>(
      `SELECT address, domain, disabled, shared, origin, created_at AS "createdAt", password_changed_at AS "passwordChangedAt"
       FROM accounts ORDER BY created_at, address`,
    );
    return {
      domains: db.all<DomainRow>('SELECT name, catch_all AS "catchAll", alias_of AS "aliasOf", created_at AS "createdAt" FROM domains ORDER BY name'),
      accounts: accounts.map((row) => ({ ...row, disabled: row.disabled === 1, shared: row.shared === 1 })),
      aliases: db.all<AliasRow>('SELECT address, target FROM aliases ORDER BY address, position'),
    };
  },

  credentials(db: Database, args: { readonly address: string }): StoredCredentials | undefined {
    const row = db.get<Omit<StoredCredentials, 'disabled' | 'shared' | 'secondFactor' | 'appPasswords'> & { readonly disabled: number; readonly shared: number }>(
      `SELECT address, disabled, shared, origin, password_hash AS hash, scram_salt AS "scramSalt", scram_iterations AS "scramIterations",
         scram_stored_key AS "scramStoredKey", scram_server_key AS "scramServerKey"
       FROM accounts WHERE address = ?`,
      args.address,
    );
    if (!row) return undefined;
    const secondFactor = db.get('SELECT 1 AS found FROM second_factors WHERE account = ? AND confirmed_at IS NOT NULL', row.address) !== undefined;
    return { ...row, disabled: row.disabled === 1, shared: row.shared === 1, secondFactor, appPasswords: appPasswordsOf(db, row.address) };
  },
};
