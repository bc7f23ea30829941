/**
 * The audit of log-ins, the last use of app passwords, and the addresses that accounts were at home at; all written in
 * batches behind the log-ins (login/login-trail.ts).
 *
 * Like log-ins within an hour share a row that counts them: a mail program that connects every minute must not push out
 * what somebody wants to find. Only log-ins to accounts that exist are kept: what people type as a user name may be a password.
 */
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import type { Database } from '../database.ts';

export interface LoginEvent {
  readonly account: string;
  readonly service: string;
  readonly clientAddress: string;
  /** '' when unknown. */
  readonly mechanism: string;
  /** Its name, or ''. */
  readonly appPassword: string;
  /** `ok`, or the reason of the denial. */
  readonly outcome: string;
  /** How often since `firstAt`. */
  readonly times: number;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface KnownAddress {
  readonly account: string;
  readonly digest: Uint8Array;
  readonly at: number;
}

export interface LoginNotes {
  readonly events: readonly LoginEvent[];
  readonly addresses: readonly KnownAddress[];
  /** Older rows are dropped; milliseconds since 1970. */
  readonly keepEventsFrom: number;
  readonly keepAddressesFrom: number;
}

const SHARED_ROW_MS = 3_600_000;

export const loginWrites = {
  note(db: Database, { events, addresses, keepEventsFrom, keepAddressesFrom }: LoginNotes): void {
    /** With a new row. */
    const grown = new Set<string>();
    for (const event of events) {
      if (!db.get('SELECT 1 AS found FROM accounts WHERE address = ?', event.account)) continue;
      if (noteEvent(db, event)) grown.add(event.account);
      if (event.outcome !== 'ok' || event.appPassword === '') continue;
      db.run('UPDATE app_passwords SET used_at = ?, used_from = ?, used_service = ? WHERE account = ? AND name = ?', event.lastAt, event.clientAddress, event.service, event.account, event.appPassword);
    }
    for (const account of grown) dropOldest(db, account);
    for (const { account, digest, at } of addresses) {
      db.run('INSERT INTO login_addresses (account, address_digest, last_at) VALUES (?, ?, ?) ON CONFLICT (account, address_digest) DO UPDATE SET last_at = excluded.last_at', account, digest, at);
    }
    db.run('DELETE FROM logins WHERE last_at < ?', keepEventsFrom);
    if (addresses.length > 0) db.run('DELETE FROM login_addresses WHERE last_at < ?', keepAddressesFrom);
  },
};

/** True when it needed a row of its own. */
function noteEvent(db: Database, { account, service, clientAddress, mechanism, appPassword, outcome, times, firstAt, lastAt }: LoginEvent): boolean {
  const { changes } = db.run(
    `UPDATE logins SET times = times + ?, last_at = ? WHERE id = (
       SELECT id FROM logins WHERE account = ? AND first_at > ? AND last_at > ? AND service = ? AND client_address = ? AND mechanism = ? AND app_password = ? AND outcome = ?
       ORDER BY last_at DESC LIMIT 1)`,
    times, lastAt, account, firstAt - SHARED_ROW_MS, firstAt - SHARED_ROW_MS, service, clientAddress, mechanism, appPassword, outcome,
  );
  if (changes > 0) return false;
  db.run(
    'INSERT INTO logins (account, service, client_address, mechanism, app_password, outcome, times, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    account, service, clientAddress, mechanism, appPassword, outcome, times, firstAt, lastAt,
  );
  return true;
}

/** Failures and successes each have half, so that an attack does not push out when the owner was there. */
function dropOldest(db: Database, account: string): void {
  db.run(`DELETE FROM logins WHERE account = ? AND outcome = 'ok' AND id NOT IN (SELECT id FROM logins WHERE account = ? AND outcome = 'ok' ORDER BY last_at DESC LIMIT ?)`, account, account, ACCOUNT_LIMITS.auditRowsMax / 2);
  db.run(`DELETE FROM logins WHERE account = ? AND outcome <> 'ok' AND id NOT IN (SELECT id FROM logins WHERE account = ? AND outcome <> 'ok' ORDER BY last_at DESC LIMIT ?)`, account, account, ACCOUNT_LIMITS.auditRowsMax / 2);
}

const COLUMNS = `account, service, client_address AS "clientAddress", mechanism, app_password AS "appPassword", outcome, times, first_at AS "firstAt", last_at AS "lastAt"`;

export const loginReads = {
  /** Newest first. */
  list(db: Database, args: { readonly account: string; readonly failed: boolean; readonly limit: number }): readonly LoginEvent[] {
    return args.failed
      ? db.all<LoginEvent>(`SELECT ${COLUMNS} FROM logins WHERE account = ? AND outcome <> 'ok' ORDER BY last_at DESC, id DESC LIMIT ?`, args.account, args.limit)
      : db.all<LoginEvent>(`SELECT ${COLUMNS} FROM logins WHERE account = ? ORDER BY last_at DESC, id DESC LIMIT ?`, args.account, args.limit);
  },

  /** Of all accounts, for the throttle of a server that was restarted. */
  recentFailures(db: Database, args: { readonly since: number; readonly limit: number }): readonly LoginEvent[] {
    return db.all<LoginEvent>(`SELECT ${COLUMNS} FROM logins WHERE last_at > ? AND outcome = 'wrong-password' ORDER BY last_at DESC LIMIT ?`, args.since, args.limit);
  },

  isKnownAddress(db: Database, args: { readonly account: string; readonly digest: Uint8Array; readonly since: number }): boolean {
    return db.get('SELECT 1 AS found FROM login_addresses WHERE account = ? AND address_digest = ? AND last_at > ?', args.account, args.digest, args.since) !== undefined;
  },
};
