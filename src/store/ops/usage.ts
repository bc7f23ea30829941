/** What accounts send, hour by hour; from which networks; to whom; their own limits; and which of them are braked. */
import type { Database } from '../database.ts';

/** Hours are counted from 1970. */
export interface UsageHour {
  readonly hour: number;
  readonly messages: number;
  readonly recipients: number;
  /** Recipients that the account had not written to before. */
  readonly strangers: number;
  readonly delivered: number;
  /** Recipients refused because the address is dead. */
  readonly dead: number;
}

export interface NetworkRow {
  readonly network: string;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Two generations of a Bloom filter: the newer one is filled, then becomes the older. */
export interface KnownRecipientsRow {
  readonly recent: Uint8Array;
  readonly recentCount: number;
  readonly older: Uint8Array;
}

/** Null: the setting holds. */
export interface QuotaRow {
  readonly account: string;
  readonly messagesPerHour: number | null;
  readonly recipientsPerHour: number | null;
  readonly recipientsPerDay: number | null;
  readonly brake: 'on' | 'off' | null;
}

export interface BrakeRow {
  readonly account: string;
  readonly state: 'braked' | 'released';
  readonly rule: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Recipients never written to before, in the hour when it was braked. */
  readonly strangers: number;
  readonly releasedAt: number | null;
}

export interface AccountUsageRows {
  /** The last day, by hour. */
  readonly hours: readonly UsageHour[];
  /** Of the time before the current hour that is kept: the most strangers in one hour, and the first hour. */
  readonly peakStrangers: number;
  readonly firstHour: number | null;
  readonly networks: readonly NetworkRow[];
  readonly known: KnownRecipientsRow | null;
  readonly quota: QuotaRow | null;
  readonly brake: BrakeRow | null;
}

export interface UsageChange {
  readonly account: string;
  readonly hours: readonly UsageHour[];
  readonly networks: readonly NetworkRow[];
  readonly known: KnownRecipientsRow | null;
}

const QUOTA_COLUMNS = `account, messages_per_hour AS "messagesPerHour", recipients_per_hour AS "recipientsPerHour",
  recipients_per_day AS "recipientsPerDay", brake`;
const BRAKE_COLUMNS = 'account, state, rule, reason, at, strangers, released_at AS "releasedAt"';
const HOURS_PER_DAY = 24;
const NETWORKS_READ_MAX = 200;

export const usageReads = {
  account(db: Database, args: { readonly account: string; readonly hour: number }): AccountUsageRows {
    const past = db.get<{ peak: number | null; first: number | null }>(
      'SELECT max(strangers) AS peak, min(hour) AS first FROM account_usage WHERE account = ? AND hour < ?', args.account, args.hour,
    );
    return {
      hours: db.all<UsageHour>(
        'SELECT hour, messages, recipients, strangers, delivered, dead FROM account_usage WHERE account = ? AND hour > ? ORDER BY hour',
        args.account, args.hour - HOURS_PER_DAY,
      ),
      peakStrangers: past?.peak ?? 0,
      firstHour: past?.first ?? null,
      networks: db.all<NetworkRow>(
        'SELECT network, first_at AS "firstAt", last_at AS "lastAt" FROM account_networks WHERE account = ? ORDER BY last_at DESC LIMIT ?',
        args.account, NETWORKS_READ_MAX,
      ),
      known: db.get<KnownRecipientsRow>('SELECT recent, recent_count AS "recentCount", older FROM account_known_recipients WHERE account = ?', args.account) ?? null,
      quota: db.get<QuotaRow>(`SELECT ${QUOTA_COLUMNS} FROM account_quotas WHERE account = ?`, args.account) ?? null,
      brake: db.get<BrakeRow>(`SELECT ${BRAKE_COLUMNS} FROM account_brakes WHERE account = ?`, args.account) ?? null,
    };
  },

  quotas(db: Database, args: { readonly limit: number }): readonly QuotaRow[] {
    return db.all(`SELECT ${QUOTA_COLUMNS} FROM account_quotas ORDER BY account LIMIT ?`, args.limit);
  },

  brakes(db: Database, args: { readonly limit: number }): readonly BrakeRow[] {
    return db.all(`SELECT ${BRAKE_COLUMNS} FROM account_brakes ORDER BY at DESC LIMIT ?`, args.limit);
  },

  /** The accounts that sent to the most recipients since `hour`. */
  busiest(db: Database, args: { readonly hour: number; readonly limit: number }): readonly { readonly account: string; readonly messages: number; readonly recipients: number; readonly dead: number }[] {
    return db.all(
      `SELECT account, sum(messages) AS messages, sum(recipients) AS recipients, sum(dead) AS dead FROM account_usage
       WHERE hour >= ? GROUP BY account ORDER BY 3 DESC, 1 LIMIT ?`,
      args.hour, args.limit,
    );
  },
};

export const usageWrites = {
  /** Figures as they stand, not what was added: whoever counts is one. */
  put(db: Database, changes: readonly UsageChange[]): void {
    for (const { account, hours, networks, known } of changes) {
      for (const hour of hours) putHour(db, account, hour);
      for (const { network, firstAt, lastAt } of networks) {
        db.run(
          `INSERT INTO account_networks (account, network, first_at, last_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (account, network) DO UPDATE SET last_at = excluded.last_at`,
          account, network, firstAt, lastAt,
        );
      }
      if (known) {
        db.run(
          `INSERT INTO account_known_recipients (account, recent, recent_count, older) VALUES (?, ?, ?, ?)
           ON CONFLICT (account) DO UPDATE SET recent = excluded.recent, recent_count = excluded.recent_count, older = excluded.older`,
          account, known.recent, known.recentCount, known.older,
        );
      }
    }
  },

  /** All null: the account has no limits of its own any more. */
  setQuota(db: Database, quota: QuotaRow): void {
    const { account, messagesPerHour, recipientsPerHour, recipientsPerDay, brake } = quota;
    db.run('DELETE FROM account_quotas WHERE account = ?', account);
    if (messagesPerHour === null && recipientsPerHour === null && recipientsPerDay === null && brake === null) return;
    db.run(
      'INSERT INTO account_quotas (account, messages_per_hour, recipients_per_hour, recipients_per_day, brake) VALUES (?, ?, ?, ?, ?)',
      account, messagesPerHour, recipientsPerHour, recipientsPerDay, brake,
    );
  },

  setBrake(db: Database, row: BrakeRow): void {
    db.run('DELETE FROM account_brakes WHERE account = ?', row.account);
    db.run(
      'INSERT INTO account_brakes (account, state, rule, reason, at, strangers, released_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      row.account, row.state, row.rule, row.reason, row.at, row.strangers, row.releasedAt,
    );
  },

  /** It was an attack: what was sent since `hour` is no measure of what the account usually sends. */
  forgetBrake(db: Database, args: { readonly account: string; readonly hour: number }): void {
    db.run('DELETE FROM account_brakes WHERE account = ?', args.account);
    db.run('UPDATE account_usage SET strangers = 0 WHERE account = ? AND hour >= ?', args.account, args.hour);
  },

  /** Hours before `hour`, and networks last seen before `at`, at most `limit` of each; returns how many. */
  prune(db: Database, args: { readonly hour: number; readonly at: number; readonly limit: number }): number {
    const hours = db.run('DELETE FROM account_usage WHERE (account, hour) IN (SELECT account, hour FROM account_usage WHERE hour < ? LIMIT ?)', args.hour, args.limit);
    const networks = db.run('DELETE FROM account_networks WHERE (account, network) IN (SELECT account, network FROM account_networks WHERE last_at < ? LIMIT ?)', args.at, args.limit);
    return hours.changes + networks.changes;
  },
};

function putHour(db: Database, account: string, { hour, messages, recipients, strangers, delivered, dead }: UsageHour): void {
  db.run(
    `INSERT INTO account_usage (account, hour, messages, recipients, strangers, delivered, dead) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (account, hour) DO UPDATE SET messages = excluded.messages, recipients = excluded.recipients,
       strangers = excluded.strangers, delivered = excluded.delivered, dead = excluded.dead`,
    account, hour, messages, recipients, strangers, delivered, dead,
  );
}
