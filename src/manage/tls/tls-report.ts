/** A day's TLS sessions as the JSON report of RFC 8460 §4.4, one per recipient domain. Pure. */
import { randomUUID } from 'node:crypto';
import type { TlsResultWithText } from '../../store/ops/tls-results.ts';

export interface TlsReport {
  readonly 'organization-name': string;
  readonly 'date-range': { readonly 'start-datetime': string; readonly 'end-datetime': string };
  readonly 'contact-info': string;
  readonly 'report-id': string;
  readonly policies: readonly TlsReportPolicy[];
}

export interface TlsReportPolicy {
  readonly policy: {
    readonly 'policy-type': string;
    readonly 'policy-string'?: readonly string[];
    readonly 'policy-domain': string;
    readonly 'mx-host'?: readonly string[];
  };
  readonly summary: { readonly 'total-successful-session-count': number; readonly 'total-failure-session-count': number };
  readonly 'failure-details'?: readonly TlsReportFailure[];
}

export interface TlsReportFailure {
  readonly 'result-type': string;
  readonly 'sending-mta-ip'?: string;
  readonly 'receiving-mx-hostname'?: string;
  readonly 'receiving-ip'?: string;
  readonly 'failed-session-count': number;
  readonly 'failure-reason-code'?: string;
}

export interface TlsReporter {
  readonly organization: string;
  readonly contact: string;
}

/** `day` as `2026-11-20`, UTC. Domains in the order of their rows. */
export function tlsReports(rows: readonly TlsResultWithText[], day: string, reporter: TlsReporter): readonly { readonly domain: string; readonly report: TlsReport }[] {
  return [...Map.groupBy(rows, (row) => row.domain)].map(([domain, its]) => ({
    domain,
    report: {
      'organization-name': reporter.organization,
      'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
      'contact-info': reporter.contact,
      'report-id': `${day}_${domain}_${randomUUID()}`,
      policies: [...Map.groupBy(its, (row) => `${row.policyType} ${row.policyDigest}`).values()].map((same) => policyOf(same as [TlsResultWithText, ...TlsResultWithText[]])),
    },
  }));
}

function policyOf(rows: readonly [TlsResultWithText, ...TlsResultWithText[]]): TlsReportPolicy {
  const [first] = rows;
  const { lines = [], mx } = JSON.parse(first.policyText) as { lines?: readonly string[]; mx?: readonly string[] };
  const failed = rows.filter((row) => row.failure !== '');
  return {
    policy: {
      'policy-type': first.policyType,
      ...(lines.length > 0 ? { 'policy-string': lines } : {}),
      'policy-domain': first.domain,
      ...(mx ? { 'mx-host': mx } : {}),
    },
    summary: { 'total-successful-session-count': sessionsOf(rows) - sessionsOf(failed), 'total-failure-session-count': sessionsOf(failed) },
    ...(failed.length > 0 ? { 'failure-details': failed.map(failureOf) } : {}),
  };
}

function failureOf(row: TlsResultWithText): TlsReportFailure {
  return {
    'result-type': row.failure,
    ...present('sending-mta-ip', row.sendingIp),
    ...present('receiving-mx-hostname', row.mx),
    ...present('receiving-ip', row.receivingIp),
    'failed-session-count': row.sessions,
    ...present('failure-reason-code', row.detail),
  };
}

function sessionsOf(rows: readonly TlsResultWithText[]): number {
  return rows.reduce((sum, row) => sum + row.sessions, 0);
}

/** '' stands for "not known" in the rows, and is left out of the report. */
function present<K extends string>(key: K, value: string): { readonly [P in K]?: string } {
  return value === '' ? {} : ({ [key]: value } as { [P in K]: string });
}
