/** Reports of others about our mail: DMARC aggregate reports, TLS reports, complaints. Times are milliseconds since 1970. */
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import type { Complaint, DmarcReportHead, DmarcSourceSummary, ReportArrival, ReportSink, TlsReport, TlsReportPolicy } from '../../contract/reports.ts';
import type { Stream } from '../../contract/sending.ts';
import { normalizeDomain } from '../../mail/address.ts';
import type { StoreCall } from '../call.ts';
import type { ArrivalRow, ComplaintRow, DmarcReportRow, DmarcSummaryRow, DmarcTotals, Period, TlsReportRow } from '../ops/reports.ts';

export interface ReportPeriod {
  /** Of the policy, or of From for complaints; default: all. */
  readonly domain?: string;
  readonly since: number;
  /** Default: no end. */
  readonly until?: number;
}

export interface StoredDmarcReport extends DmarcReportHead, ReportArrival {
  readonly messages: number;
}

export interface StoredTlsReport extends TlsReport, ReportArrival {
  readonly domain: string;
}

export interface ReportStore extends ReportSink {
  /** By source, most mail first; believed reports only. At most REPORT_IN_LIMITS.summaryMax. */
  dmarcSummary(period: ReportPeriod): Promise<readonly DmarcSourceSummary[]>;
  /** Figures of all, which the lists may be too short for. */
  dmarcTotals(period: ReportPeriod): Promise<DmarcTotals>;
  /** Newest first, those that are not believed too. */
  dmarcReports(period: ReportPeriod, limit?: number): Promise<readonly StoredDmarcReport[]>;
  /** Newest first; believed ones only. */
  tlsReports(period: ReportPeriod, limit?: number): Promise<readonly StoredTlsReport[]>;
  /** Newest first; believed ones only. */
  complaints(period: ReportPeriod, limit?: number): Promise<readonly Complaint[]>;
  /** What came since a day (`2026-11-20`, UTC), and what became of it. */
  arrivals(sinceDay: string): Promise<readonly ArrivalRow[]>;
  /** Forgets what is about times before this one; returns how many reports. */
  prune(before: number): Promise<number>;
}

export function createReportStore(call: StoreCall): ReportStore {
  return {
    addDmarc: ({ head: { policy, ...plain }, sources }, arrival) => call('reports.addDmarc', { ...plain, ...packed(arrival), policy: JSON.stringify(policy), sources: sources.json }),
    addTls: ({ policies, contact = '', ...plain }, domain, arrival) =>
      call('reports.addTls', {
        ...plain, ...packed(arrival), domain, contact, policies: JSON.stringify(policies),
        successes: policies.reduce((sum, policy) => sum + policy.successes, 0),
        failures: policies.reduce((sum, policy) => sum + policy.failures, 0),
      }),
    addComplaint: ({ dkimDomain = null, sourceIp = null, messageId = null, recipient = null, stream = null, ...plain }, digest, arrival) =>
      call('reports.addComplaint', { ...plain, ...packed(arrival), digest, dkimDomain, sourceIp, messageId, recipient, stream }),
    noteIgnored: (kind, cause, arrival) => call('reports.noteIgnored', { kind, cause, ...packed(arrival) }),
    dmarcSummary: async (period) => (await call('reports.dmarcSummary', bounds(period))).map(summaryOf),
    dmarcTotals: (period) => call('reports.dmarcTotals', bounds(period)),
    dmarcReports: async (period, limit = REPORT_IN_LIMITS.summaryMax) => (await call('reports.dmarcReports', { ...bounds(period), limit })).map(reportOf),
    tlsReports: async (period, limit = REPORT_IN_LIMITS.summaryMax) => (await call('reports.tlsReports', { ...bounds(period), limit })).map(tlsReportOf),
    complaints: async (period, limit = REPORT_IN_LIMITS.summaryMax) => (await call('reports.complaints', { ...bounds(period), limit })).map(complaintOf),
    arrivals: (since) => call('reports.arrivals', { since }),
    prune: (before) => call('reports.prune', { before, day: new Date(before).toISOString().slice(0, 10) }),
  };
}

function packed({ believed, receivedAt, broughtBy }: ReportArrival) {
  return { receivedAt, broughtBy, believed: believed ? (1 as const) : (0 as const) };
}

function bounds({ domain = '', since, until = Number.MAX_SAFE_INTEGER }: ReportPeriod): Period {
  return { domain: normalizeDomain(domain), since, until };
}

function summaryOf({ seenDomains, ...row }: DmarcSummaryRow): DmarcSourceSummary {
  return { ...row, seenDomains: seenDomains.split(' ').filter(Boolean) };
}

function reportOf({ policy, believed, ...row }: DmarcReportRow): StoredDmarcReport {
  return { ...row, believed: believed === 1, policy: JSON.parse(policy) as DmarcReportHead['policy'] };
}

function tlsReportOf({ policies, believed, contact, domain, organization, reportId, broughtBy, begin, end, receivedAt }: TlsReportRow): StoredTlsReport {
  return {
    domain, organization, reportId, broughtBy, begin, end, receivedAt, believed: believed === 1,
    policies: JSON.parse(policies) as TlsReportPolicy[], ...(contact === '' ? {} : { contact }),
  };
}

function complaintOf({ dkimDomain, sourceIp, messageId, recipient, stream, at, reporter, kind, fromDomain }: ComplaintRow): Complaint {
  return {
    at, reporter, fromDomain, kind: kind as Complaint['kind'],
    ...(dkimDomain !== null && { dkimDomain }), ...(sourceIp !== null && { sourceIp }), ...(messageId !== null && { messageId }),
    ...(recipient !== null && { recipient }), ...(stream !== null && { stream: stream as Stream }),
  };
}
