/** Outgoing mail counted by day, domain, site and source; names that it carries; how long the queue was. */
import type { Database } from '../database.ts';

export interface SendingDayRow {
  /** `2026-11-20`, UTC. */
  readonly day: string;
  /** Of From; '' for mail that is passed on for others. */
  readonly domain: string;
  /** Key of a known MX site, or `other`. */
  readonly site: string;
  /** Our address; '' when the system chose it. */
  readonly source: string;
  /** Recipients; deferred counts attempts. */
  readonly delivered: number;
  readonly deferred: number;
  /** Returned because the address is dead, and for any other reason. */
  readonly hard: number;
  readonly soft: number;
}

export interface SendingNameRow {
  readonly domain: string;
  readonly field: 'from' | 'reply-to' | 'unsubscribe';
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
  /** With `unsubscribe`: to whom the message went. */
  readonly recipient: string | null;
}

export interface QueueLengthRow {
  /** Counted from 1970. */
  readonly hour: number;
  readonly waiting: number;
  readonly held: number;
}

const SUMS = 'sum(delivered) AS delivered, sum(deferred) AS deferred, sum(hard) AS hard, sum(soft) AS soft';

export const sendingDayWrites = {
  add(db: Database, { days, names }: { readonly days: readonly SendingDayRow[]; readonly names: readonly SendingNameRow[] }): void {
    for (const { day, domain, site, source, delivered, deferred, hard, soft } of days) {
      db.run(
        `INSERT INTO sending_days (day, domain, site, source, delivered, deferred, hard, soft) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (day, domain, site, source) DO UPDATE SET delivered = sending_days.delivered + excluded.delivered,
           deferred = sending_days.deferred + excluded.deferred, hard = sending_days.hard + excluded.hard, soft = sending_days.soft + excluded.soft`,
        day, domain, site, source, delivered, deferred, hard, soft,
      );
    }
    for (const { domain, field, value, lastAt, recipient } of names) {
      db.run(
        `INSERT INTO sending_names (domain, field, value, last_at, recipient) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (domain, field, value) DO UPDATE SET last_at = excluded.last_at, recipient = excluded.recipient`,
        domain, field, value, lastAt, recipient,
      );
    }
  },

  noteQueueLength(db: Database, { hour, waiting, held }: QueueLengthRow): void {
    db.run('INSERT INTO queue_lengths (hour, waiting, held) VALUES (?, ?, ?) ON CONFLICT (hour) DO UPDATE SET waiting = excluded.waiting, held = excluded.held', hour, waiting, held);
  },

  prune(db: Database, { day, nameBefore, hour }: { readonly day: string; readonly nameBefore: number; readonly hour: number }): void {
    db.run('DELETE FROM sending_days WHERE day < ?', day);
    db.run('DELETE FROM sending_names WHERE last_at < ?', nameBefore);
    db.run('DELETE FROM queue_lengths WHERE hour < ?', hour);
  },
};

export const sendingDayReads = {
  /** From a day on, by domain and site. */
  byDomain(db: Database, { since, limit }: { readonly since: string; readonly limit: number }): readonly Omit<SendingDayRow, 'day' | 'source'>[] {
    return db.all(`SELECT domain, site, ${SUMS} FROM sending_days WHERE day >= ? GROUP BY domain, site ORDER BY domain, site LIMIT ?`, since, limit);
  },

  /** From a day on, by source and day. */
  bySource(db: Database, { since, limit }: { readonly since: string; readonly limit: number }): readonly Omit<SendingDayRow, 'domain' | 'site'>[] {
    return db.all(`SELECT day, source, ${SUMS} FROM sending_days WHERE day >= ? GROUP BY day, source ORDER BY day, source LIMIT ?`, since, limit);
  },

  /** From a day on, by day, of one domain or of all (''). */
  byDay(db: Database, { since, domain, limit }: { readonly since: string; readonly domain: string; readonly limit: number }): readonly Omit<SendingDayRow, 'domain' | 'site' | 'source'>[] {
    return db.all(`SELECT day, ${SUMS} FROM sending_days WHERE day >= ? AND ? IN ('', domain) GROUP BY day ORDER BY day DESC LIMIT ?`, since, domain, limit);
  },

  /** Of a domain, the latest first. */
  names(db: Database, { domain, since, limit }: { readonly domain: string; readonly since: number; readonly limit: number }): readonly SendingNameRow[] {
    return db.all(
      'SELECT domain, field, value, last_at AS "lastAt", recipient FROM sending_names WHERE domain = ? AND last_at >= ? ORDER BY last_at DESC LIMIT ?', domain, since, limit,
    );
  },

  queueLengths(db: Database, { since }: { readonly since: number }): readonly QueueLengthRow[] {
    return db.all<QueueLengthRow>('SELECT hour, waiting, held FROM queue_lengths WHERE hour >= ? ORDER BY hour', since);
  },
};
