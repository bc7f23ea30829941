/** The three databases behind one small port. Their libraries are loaded when the first query is asked. */
import { readFile } from 'node:fs/promises';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import type { SqlBackendConfig } from '../../config/login-config.ts';

export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlDatabase {
  /** What stands for the parameter at this position, from 1. */
  placeholder(position: number): string;
  /** Every answer within ACCOUNT_LIMITS.backendTimeoutMs, or it rejects. */
  query(text: string, values: readonly string[]): Promise<readonly SqlRow[]>;
  close(): Promise<void>;
}

export function openSqlDatabase(config: SqlBackendConfig): SqlDatabase {
  if (config.url.startsWith('sqlite:')) return openSqlite(config.url.slice('sqlite:'.length));
  return config.url.startsWith('postgres') ? openPostgres(config) : openMysql(config);
}

/** A loopback server needs no TLS; any other must have it, with a certificate that is verified. */
function tlsFor({ hostname }: URL, ca: string | undefined): { rejectUnauthorized: true; ca?: string } | undefined {
  if (hostname === '' || hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')) return undefined;
  return { rejectUnauthorized: true, ...(ca !== undefined && { ca }) };
}

async function secretOf({ sqlPasswordFile, caFile }: SqlBackendConfig): Promise<{ password?: string; ca?: string }> {
  return {
    ...(sqlPasswordFile !== undefined && { password: (await readFile(sqlPasswordFile, 'utf8')).replace(/\r?\n$/, '') }),
    ...(caFile !== undefined && { ca: await readFile(caFile, 'utf8') }),
  };
}

function openPostgres(config: SqlBackendConfig): SqlDatabase {
  const open = async () => {
    const { default: pg } = await import('pg');
    const { password, ca } = await secretOf(config);
    const url = new URL(config.url);
    // A name with a leading slash is the folder of a Unix socket.
    const socketFolder = url.searchParams.get('host');
    const pool = new pg.Pool({
      host: socketFolder ?? url.hostname.replace(/^\[|\]$/g, ''),
      ...(url.port !== '' && { port: Number(url.port) }),
      database: decodeURIComponent(url.pathname.slice(1)),
      ...(url.username !== '' && { user: decodeURIComponent(url.username) }),
      ...(password !== undefined && { password }),
      ssl: socketFolder === null ? (tlsFor(url, ca) ?? false) : false,
      max: ACCOUNT_LIMITS.backendConnectionsMax,
      idleTimeoutMillis: ACCOUNT_LIMITS.backendIdleMs,
      connectionTimeoutMillis: ACCOUNT_LIMITS.backendTimeoutMs,
      query_timeout: ACCOUNT_LIMITS.backendTimeoutMs,
      statement_timeout: ACCOUNT_LIMITS.backendTimeoutMs,
      application_name: 'posthorn',
      allowExitOnIdle: true,
    });
    // An idle connection that the server closes: the next query opens another.
    pool.on('error', () => {});
    return pool;
  };
  const pool = onceOpen(open);
  return {
    placeholder: (position) => `$${position}`,
    query: async (text, values) => (await (await pool.get()).query({ text, values: [...values] })).rows as SqlRow[],
    close: () => pool.close((one) => one.end()),
  };
}

function openMysql(config: SqlBackendConfig): SqlDatabase {
  const open = async () => {
    const { default: mysql } = await import('mysql2/promise');
    const { password, ca } = await secretOf(config);
    const url = new URL(config.url);
    const socketPath = url.searchParams.get('socket');
    const ssl = socketPath === null ? tlsFor(url, ca) : undefined;
    return mysql.createPool({
      ...(socketPath === null ? { host: url.hostname.replace(/^\[|\]$/g, ''), ...(url.port !== '' && { port: Number(url.port) }) } : { socketPath }),
      database: decodeURIComponent(url.pathname.slice(1)),
      ...(url.username !== '' && { user: decodeURIComponent(url.username) }),
      ...(password !== undefined && { password }),
      ...(ssl && { ssl }),
      connectionLimit: ACCOUNT_LIMITS.backendConnectionsMax,
      queueLimit: ACCOUNT_LIMITS.backendWaitingMax,
      idleTimeout: ACCOUNT_LIMITS.backendIdleMs,
      connectTimeout: ACCOUNT_LIMITS.backendTimeoutMs,
      multipleStatements: false,
    });
  };
  const pool = onceOpen(open);
  return {
    placeholder: () => '?',
    // Prepared on the server: values never become text of the statement.
    query: async (text, values) => {
      const one = await pool.get();
      const [rows] = await within(one.execute({ sql: text, timeout: ACCOUNT_LIMITS.backendTimeoutMs }, [...values]));
      return Array.isArray(rows) ? (rows as SqlRow[]) : [];
    },
    close: () => pool.close((one) => one.end()),
  };
}

function openSqlite(path: string): SqlDatabase {
  const open = async () => {
    const { DatabaseSync } = await import('node:sqlite');
    return new DatabaseSync(path, { readOnly: true, timeout: 1000 });
  };
  const database = onceOpen(open);
  return {
    placeholder: () => '?',
    query: async (text, values) => (await database.get()).prepare(text).all(...values) as SqlRow[],
    close: () => database.close(async (one) => one.close()),
  };
}

/** Opened at the first use; one that could not be opened is tried again at the next. */
function onceOpen<T>(open: () => Promise<T>): { get(): Promise<T>; close(end: (opened: T) => Promise<void>): Promise<void> } {
  let opened: Promise<T> | undefined;
  return {
    get: () => {
      opened ??= open();
      opened.catch(() => (opened = undefined));
      return opened;
    },
    close: async (end) => {
      const one = await opened?.catch(() => undefined);
      if (one !== undefined) await end(one);
    },
  };
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ACCOUNT_LIMITS.backendTimeoutMs / 1000} s`)), ACCOUNT_LIMITS.backendTimeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
