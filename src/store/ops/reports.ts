/**
 * Reports about our mail. Reporters are told apart by the domain that brought them (`broughtBy`), never by what they call
 * themselves. What nothing authenticates is kept apart (`believed` 0) and enters no summary.
 */
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import type { DmarcReportSource, ReportKind, ReportWrite } from '../../contract/reports.ts';
import type { Database } from '../database.ts';

/** Who brought it, and when. */
export interface ArrivalValues {
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly broughtBy: string;
  readonly believed: 0 | 1;
}

export interface DmarcReportValues extends ArrivalValues {
  readonly domain: string;
  readonly reporter: string;
  readonly reporterEmail: string;
  readonly reportId: string;
  readonly begin: number;
  readonly end: number;
  /** JSON. */
  readonly policy: string;
  /** JSON of DmarcReportSource[]: one string passes between threads in no time, thousands of objects do not. */
  readonly sources: string;
}

export interface TlsReportValues extends ArrivalValues {
  readonly domain: string;
  readonly organization: string;
  readonly contact: string;
  readonly reportId: string;
  readonly begin: number;
  readonly end: number;
  /** JSON of TlsReportPolicy[]. */
  readonly policies: string;
  readonly successes: number;
  readonly failures: number;
}

export interface ComplaintValues extends ArrivalValues {
  /** Of what makes two reports the same. */
  readonly digest: string;
  readonly at: number;
  readonly reporter: string;
  readonly kind: string;
  readonly fromDomain: string;
  readonly dkimDomain: string | null;
  readonly sourceIp: string | null;
  readonly messageId: string | null;
  readonly recipient: string | null;
  readonly stream: string | null;
}

export interface Period {
  /** Milliseconds since 1970; what ended after it and began before `until`. */
  readonly since: number;
  readonly until: number;
  /** '' for all. */
  readonly domain: string;
}

export interface ArrivalRow {
  readonly day: string;
  readonly kind: ReportKind;
  readonly broughtBy: string;
  readonly outcome: string;
  readonly reports: number;
}

export const reportWrites = {
  addDmarc(db: Database, report: DmarcReportValues): ReportWrite {
    if (isFlood(db, 'dmarc', report)) return count(db, 'dmarc', report, 'flood');
    const sources = JSON.parse(report.sources) as readonly DmarcReportSource[];
    const messages = sources.reduce((sum, source) => sum + source.count, 0);
    const row = db.get<{ readonly id: number }>(
      `INSERT INTO dmarc_reports (domain, brought_by, report_id, believed, reporter, reporter_email, begin_at, end_at, policy, received_at, messages)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id`,
      report.domain, report.broughtBy, report.reportId, report.believed, report.reporter, report.reporterEmail, report.begin, report.end, report.policy, report.receivedAt, messages,
    );
    if (!row) return count(db, 'dmarc', report, 'duplicate');
    for (const source of sources) {
      db.run(
        `INSERT INTO dmarc_sources (report, source_ip, header_from, messages, passed, dkim_aligned, spf_aligned, elsewhere, forwarded, rejected, quarantined, seen_domains)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.id, source.sourceIp, source.headerFrom, source.count, source.passed, source.dkimAligned, source.spfAligned, source.authenticatedElsewhere,
        source.forwarded, source.rejected, source.quarantined, source.seenDomains.join(' '),
      );
    }
    return count(db, 'dmarc', report, 'stored');
  },

  addTls(db: Database, report: TlsReportValues): ReportWrite {
    if (isFlood(db, 'tls', report)) return count(db, 'tls', report, 'flood');
    const { changes } = db.run(
      `INSERT INTO tls_reports (domain, brought_by, report_id, believed, organization, contact, begin_at, end_at, policies, successes, failures, received_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      report.domain, report.broughtBy, report.reportId, report.believed, report.organization, report.contact, report.begin, report.end, report.policies,
      report.successes, report.failures, report.receivedAt,
    );
    return count(db, 'tls', report, changes > 0 ? 'stored' : 'duplicate');
  },

  addComplaint(db: Database, complaint: ComplaintValues): ReportWrite {
    if (isFlood(db, 'complaint', complaint)) return count(db, 'complaint', complaint, 'flood');
    const { changes } = db.run(
      `INSERT INTO complaints (digest, at, brought_by, believed, reporter, kind, from_domain, dkim_domain, source_ip, message_id, recipient, stream)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      complaint.digest, complaint.at, complaint.broughtBy, complaint.believed, complaint.reporter, complaint.kind, complaint.fromDomain, complaint.dkimDomain,
      complaint.sourceIp, complaint.messageId, complaint.recipient, complaint.stream,
    );
    return count(db, 'complaint', complaint, changes > 0 ? 'stored' : 'duplicate');
  },

  /** A report that is not kept, and why not. */
  noteIgnored(db: Database, { kind, cause, ...arrival }: ArrivalValues & { readonly kind: ReportKind; readonly cause: string }): void {
    count(db, kind, arrival, cause);
  },

  /** Forgets what is about times before this one, milliseconds since 1970. Returns how many reports. */
  prune(db: Database, { before, day }: { readonly before: number; readonly day: string }): number {
    db.run('DELETE FROM report_arrivals WHERE day < ?', day);
    db.run('DELETE FROM dmarc_sources WHERE report IN (SELECT id FROM dmarc_reports WHERE end_at < ?)', before);
    return ['DELETE FROM dmarc_reports WHERE end_at < ?', 'DELETE FROM tls_reports WHERE end_at < ?', 'DELETE FROM complaints WHERE at < ?'].reduce(
      (sum, statement) => sum + Number(db.run(statement, before).changes), 0,
    );
  },
};

export interface DmarcSummaryRow extends Omit<DmarcReportSource, 'seenDomains'> {
  /** Separated by blanks. */
  readonly seenDomains: string;
  readonly domain: string;
  readonly reporters: number;
  readonly lastSeen: number;
}

export interface DmarcTotals {
  readonly reports: number;
  /** Not believed. */
  readonly apart: number;
  readonly messages: number;
  readonly passed: number;
}

export interface DmarcReportRow {
  readonly domain: string;
  readonly reporter: string;
  readonly reporterEmail: string;
  readonly reportId: string;
  readonly broughtBy: string;
  readonly believed: 0 | 1;
  readonly begin: number;
  readonly end: number;
  readonly policy: string;
  readonly receivedAt: number;
  readonly messages: number;
}

export type TlsReportRow = TlsReportValues;
export type ComplaintRow = Omit<ComplaintValues, 'digest' | 'receivedAt'>;

const IN_PERIOD = `d.end_at > ?1 AND d.begin_at < ?2 AND (?3 = '' OR d.domain = ?3)`;

export const reportReads = {
  /** Most mail first. */
  dmarcSummary(db: Database, { since, until, domain }: Period): readonly DmarcSummaryRow[] {
    return db.all<DmarcSummaryRow>(
      `SELECT d.domain, s.source_ip AS "sourceIp", s.header_from AS "headerFrom", SUM(s.messages) AS "count", SUM(s.passed) AS "passed",
         SUM(s.dkim_aligned) AS "dkimAligned", SUM(s.spf_aligned) AS "spfAligned", SUM(s.elsewhere) AS "authenticatedElsewhere",
         SUM(s.forwarded) AS "forwarded", SUM(s.rejected) AS "rejected", SUM(s.quarantined) AS "quarantined", MAX(s.seen_domains) AS "seenDomains",
         COUNT(DISTINCT d.brought_by) AS "reporters", MAX(d.end_at) AS "lastSeen"
       FROM dmarc_reports d JOIN dmarc_sources s ON s.report = d.id
       WHERE ${IN_PERIOD} AND d.believed = 1
       GROUP BY d.domain, s.source_ip, s.header_from ORDER BY "count" DESC, s.source_ip LIMIT ?4`,
      since, until, domain, REPORT_IN_LIMITS.summaryMax,
    );
  },

  /** Of all reports, however many sources they have. */
  dmarcTotals(db: Database, { since, until, domain }: Period): DmarcTotals {
    const whole = db.get<Omit<DmarcTotals, 'passed'>>(
      `SELECT COALESCE(SUM(d.believed), 0) AS "reports", COALESCE(SUM(1 - d.believed), 0) AS "apart", COALESCE(SUM(d.messages * d.believed), 0) AS "messages"
       FROM dmarc_reports d WHERE ${IN_PERIOD}`, since, until, domain,
    ) ?? { reports: 0, apart: 0, messages: 0 };
    const { passed } = db.get<{ readonly passed: number }>(
      `SELECT COALESCE(SUM(s.passed), 0) AS "passed" FROM dmarc_reports d JOIN dmarc_sources s ON s.report = d.id WHERE ${IN_PERIOD} AND d.believed = 1`, since, until, domain,
    ) ?? { passed: 0 };
    return { ...whole, passed };
  },

  /** Newest first, those that are not believed too. */
  dmarcReports(db: Database, { since, until, domain, limit }: Period & { readonly limit: number }): readonly DmarcReportRow[] {
    return db.all<DmarcReportRow>(
      `SELECT d.domain, d.reporter, d.reporter_email AS "reporterEmail", d.report_id AS "reportId", d.brought_by AS "broughtBy", d.believed,
         d.begin_at AS "begin", d.end_at AS "end", d.policy, d.received_at AS "receivedAt", d.messages
       FROM dmarc_reports d WHERE ${IN_PERIOD} ORDER BY d.end_at DESC, d.id DESC LIMIT ?4`,
      since, until, domain, limit,
    );
  },

  /** Newest first. */
  tlsReports(db: Database, { since, until, domain, limit }: Period & { readonly limit: number }): readonly TlsReportRow[] {
    return db.all<TlsReportRow>(
      `SELECT d.domain, d.organization, d.contact, d.report_id AS "reportId", d.brought_by AS "broughtBy", d.believed, d.begin_at AS "begin",
         d.end_at AS "end", d.policies, d.successes, d.failures, d.received_at AS "receivedAt"
       FROM tls_reports d WHERE ${IN_PERIOD} AND d.believed = 1 ORDER BY d.end_at DESC, d.id DESC LIMIT ?4`,
      since, until, domain, limit,
    );
  },

  /** Newest first; `domain` is that of From. */
  complaints(db: Database, { since, until, domain, limit }: Period & { readonly limit: number }): readonly ComplaintRow[] {
    return db.all<ComplaintRow>(
      `SELECT at, brought_by AS "broughtBy", believed, reporter, kind, from_domain AS "fromDomain", dkim_domain AS "dkimDomain", source_ip AS "sourceIp",
         message_id AS "messageId", recipient, stream
       FROM complaints WHERE at >= ?1 AND at < ?2 AND (?3 = '' OR from_domain = ?3) AND believed = 1 ORDER BY at DESC, id DESC LIMIT ?4`,
      since, until, domain, limit,
    );
  },

  /** What came, by day, kind, bringer and what became of it. */
  arrivals(db: Database, { since }: { readonly since: string }): readonly ArrivalRow[] {
    return db.all<ArrivalRow>(
      `SELECT day, kind, brought_by AS "broughtBy", outcome, reports FROM report_arrivals WHERE day >= ?1 ORDER BY day DESC, kind, reports DESC LIMIT ?2`,
      since, REPORT_IN_LIMITS.summaryMax,
    );
  },
};

function isFlood(db: Database, kind: ReportKind, arrival: ArrivalValues): boolean {
  const limit = arrival.believed === 1 ? REPORT_IN_LIMITS.perReporterDay : REPORT_IN_LIMITS.unbelievedPerDay;
  const row = db.get<{ readonly reports: number | null }>(
    `SELECT SUM(reports) AS reports FROM report_arrivals WHERE day = ? AND kind = ? AND brought_by = ? AND outcome = 'stored'`, dayOf(arrival), kind, bringer(arrival),
  );
  return (row?.reports ?? 0) >= limit;
}

function count<T extends string>(db: Database, kind: ReportKind, arrival: ArrivalValues, outcome: T): T {
  db.run(
    `INSERT INTO report_arrivals (day, kind, brought_by, outcome, reports) VALUES (?, ?, ?, ?, 1)
     ON CONFLICT (day, kind, brought_by, outcome) DO UPDATE SET reports = report_arrivals.reports + 1`,
    dayOf(arrival), kind, bringer(arrival), outcome,
  );
  return outcome;
}

/** Those that nothing authenticates are one: their names are anybody's invention, and would fill the table. */
function bringer({ believed, broughtBy }: ArrivalValues): string {
  return believed === 1 ? broughtBy : '';
}

function dayOf({ receivedAt }: ArrivalValues): string {
  return new Date(receivedAt).toISOString().slice(0, 10);
}
