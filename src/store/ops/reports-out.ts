/**
 * What is reported to others (migration 064). A day of a domain is one job per kind of report; each destination of it has a
 * row in reports_sent, which is written behind the sending: a crash in between sends the same report again, under the same
 * name, which receivers recognise (RFC 9990 §3.5).
 */
import { REPORT_OUT_LIMITS } from '../../base/report-limits.ts';
import type { Database } from '../database.ts';

export interface DmarcCount {
  /** `2026-11-20`, UTC. */
  readonly day: string;
  /** Where the policy was found. */
  readonly domain: string;
  /** As published, when it was last seen. */
  readonly record: string;
  readonly digest: string;
  /** JSON of a DmarcRow without its count. */
  readonly result: string;
  readonly messages: number;
}

export interface DmarcDay {
  readonly day: string;
  readonly domain: string;
  readonly record: string;
  readonly messages: number;
}

export type ReportKind = 'dmarc' | 'tls';

/** `none`: nobody wants a report. */
export type JobState = 'open' | 'done' | 'none' | 'given-up';

export interface ReportJob {
  readonly kind: ReportKind;
  readonly day: string;
  readonly domain: string;
  readonly state: JobState;
  readonly attempts: number;
  readonly detail: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface SentReport {
  readonly kind: ReportKind;
  readonly day: string;
  readonly domain: string;
  /** The URI without its size limit. */
  readonly destination: string;
  /** `refused`: not allowed, too large, or not wanted there. */
  readonly state: 'sent' | 'refused' | 'failed';
  readonly detail: string;
  /** Of our queue; '' when it did not go by mail. */
  readonly messageId: string;
  readonly at: number;
}

const JOB = 'kind, day, domain, state, attempts, detail, at';
const SENT = 'kind, day, domain, destination, state, detail, message_id AS "messageId", at';

export const reportsOutWrites = {
  count(db: Database, { counts }: { readonly counts: readonly DmarcCount[] }): void {
    for (const count of counts) addCount(db, count);
  },

  noteJob(db: Database, { kind, day, domain, state, attempts, detail, at }: ReportJob): void {
    db.run(
      `INSERT INTO report_jobs (kind, day, domain, state, attempts, detail, at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (kind, day, domain) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, detail = excluded.detail, at = excluded.at`,
      kind, day, domain, state, attempts, detail, at,
    );
  },

  /** Jobs of a day that were given up are tried again, from the first attempt on. */
  reopen(db: Database, { kind, day }: { readonly kind: ReportKind; readonly day: string }): void {
    db.run(`UPDATE report_jobs SET state = 'open', attempts = 0 WHERE kind = ? AND day = ? AND state = 'given-up'`, kind, day);
  },

  noteSent(db: Database, { kind, day, domain, destination, state, detail, messageId, at }: SentReport): void {
    db.run(
      `INSERT INTO reports_sent (kind, day, domain, destination, state, detail, message_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (kind, day, domain, destination) DO UPDATE SET state = excluded.state, detail = excluded.detail, message_id = excluded.message_id, at = excluded.at`,
      kind, day, domain, destination, state, detail, messageId, at,
    );
  },

  /** Forgets days before this one. */
  prune(db: Database, { before }: { readonly before: string }): void {
    for (const table of ['dmarc_results', 'dmarc_days', 'report_jobs', 'reports_sent']) db.run(`DELETE FROM ${table} WHERE day < ?`, before);
  },
};

function addCount(db: Database, { day, domain, record, digest, result, messages }: DmarcCount): void {
  const known = db.get<{ readonly results: number }>('SELECT results FROM dmarc_days WHERE day = ? AND domain = ?', day, domain);
  if (!known) {
    const { domains } = db.get<{ readonly domains: number }>('SELECT COUNT(*) AS "domains" FROM dmarc_days WHERE day = ?', day) ?? { domains: 0 };
    if (domains >= REPORT_OUT_LIMITS.domainsPerDayMax) return;
    db.run('INSERT INTO dmarc_days (day, domain, record, results, messages) VALUES (?, ?, ?, 0, 0)', day, domain, record);
  }
  const present = db.get('SELECT 1 FROM dmarc_results WHERE day = ? AND domain = ? AND digest = ?', day, domain, digest) !== undefined;
  if (!present && (known?.results ?? 0) >= REPORT_OUT_LIMITS.rowsPerDomainMax) return;
  db.run(
    `INSERT INTO dmarc_results (day, domain, digest, result, messages) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (day, domain, digest) DO UPDATE SET messages = dmarc_results.messages + excluded.messages`,
    day, domain, digest, result, messages,
  );
  db.run('UPDATE dmarc_days SET record = ?, results = results + ?, messages = messages + ? WHERE day = ? AND domain = ?', record, present ? 0 : 1, messages, day, domain);
}

export const reportsOutReads = {
  /** Days from `from` on and before `before` whose job is not closed, the oldest first. */
  openDmarcDays(db: Database, { from, before, limit }: { readonly from: string; readonly before: string; readonly limit: number }): readonly DmarcDay[] {
    return db.all<DmarcDay>(
      `SELECT d.day, d.domain, d.record, d.messages FROM dmarc_days d LEFT JOIN report_jobs j ON j.kind = 'dmarc' AND j.day = d.day AND j.domain = d.domain
       WHERE d.day >= ? AND d.day < ? AND COALESCE(j.state, 'open') = 'open' ORDER BY d.day, d.domain LIMIT ?`,
      from, before, limit,
    );
  },

  /** Domains with TLS sessions on such days. */
  openTlsDays(db: Database, { from, before, limit }: { readonly from: string; readonly before: string; readonly limit: number }): readonly { readonly day: string; readonly domain: string }[] {
    return db.all(
      `SELECT DISTINCT r.day, r.domain FROM tls_results r LEFT JOIN report_jobs j ON j.kind = 'tls' AND j.day = r.day AND j.domain = r.domain
       WHERE r.day >= ? AND r.day < ? AND COALESCE(j.state, 'open') = 'open' ORDER BY r.day, r.domain LIMIT ?`,
      from, before, limit,
    );
  },

  results(db: Database, { day, domain }: { readonly day: string; readonly domain: string }): readonly { readonly result: string; readonly messages: number }[] {
    return db.all('SELECT result, messages FROM dmarc_results WHERE day = ? AND domain = ? ORDER BY messages DESC, digest', day, domain);
  },

  job(db: Database, { kind, day, domain }: { readonly kind: ReportKind; readonly day: string; readonly domain: string }): ReportJob | undefined {
    return db.get<ReportJob>(`SELECT ${JOB} FROM report_jobs WHERE kind = ? AND day = ? AND domain = ?`, kind, day, domain);
  },

  sentFor(db: Database, { kind, day, domain }: { readonly kind: ReportKind; readonly day: string; readonly domain: string }): readonly SentReport[] {
    return db.all<SentReport>(`SELECT ${SENT} FROM reports_sent WHERE kind = ? AND day = ? AND domain = ?`, kind, day, domain);
  },

  /** Of a kind ('' for both) and a domain ('' for all), the newest first. */
  sent(db: Database, { kind, domain, limit }: { readonly kind: string; readonly domain: string; readonly limit: number }): readonly SentReport[] {
    return db.all<SentReport>(`SELECT ${SENT} FROM reports_sent WHERE ? IN ('', kind) AND ? IN ('', domain) ORDER BY at DESC, kind, domain LIMIT ?`, kind, domain, limit);
  },

  /** DMARC reports to addresses of this domain between two times: their TLS sessions are nothing to report about. Those of TLS reports are not counted at all. */
  mailedTo(db: Database, { domain, from, to }: { readonly domain: string; readonly from: number; readonly to: number }): number {
    const rows = db.all<{ readonly destination: string }>(`SELECT destination FROM reports_sent WHERE kind = 'dmarc' AND at >= ? AND at < ? AND state = 'sent' AND message_id <> ''`, from, to);
    return rows.filter(({ destination }) => destination.toLowerCase().endsWith(`@${domain}`)).length;
  },
};
