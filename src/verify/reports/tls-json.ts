/**
 * TLS reports as JSON (RFC 8460 §4.4). Pure.
 *
 * Policy: tolerant of what reporters get wrong (numbers as text, one value where a list belongs, missing parts), but a
 * report has an id, a time and at least one policy with a domain.
 */
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import type { TlsReport, TlsReportPolicy } from '../../contract/reports.ts';
import { normalizeDomain } from '../../mail/address.ts';
import { UnreadableReport } from './unpack.ts';

/** `bytesMax`: default as for mail. Rejects with UnreadableReport. */
export async function readTlsJson(chunks: AsyncIterable<Buffer>, bytesMax?: number): Promise<TlsReport> {
  return parseTlsReport(await readJsonDocument(chunks, bytesMax));
}

/** A JSON document of any kind. Rejects with UnreadableReport. */
export async function readJsonDocument(chunks: AsyncIterable<Buffer>, bytesMax: number = REPORT_IN_LIMITS.jsonBytesMax): Promise<unknown> {
  const pieces: Buffer[] = [];
  let total = 0;
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > bytesMax) throw new UnreadableReport(`the report is longer than ${bytesMax / 1024 ** 2} MiB`);
    pieces.push(chunk);
  }
  return parsed(Buffer.concat(pieces).toString('utf8').replace(/^\uFEFF/, ''));
}

/** Throws UnreadableReport. */
export function parseTlsReport(document: unknown): TlsReport {
  const root = record(document);
  const period = record(root['date-range']);
  const begin = Date.parse(text(period['start-datetime'], 40));
  const end = Date.parse(text(period['end-datetime'], 40));
  const reportId = text(root['report-id'], 256);
  const organization = text(root['organization-name'], 200);
  const contact = text(root['contact-info'], 320);
  const policies = list(root.policies).slice(0, REPORT_IN_LIMITS.tlsPoliciesMax).flatMap((one) => policyOf(record(one)));
  if (reportId === '') throw new UnreadableReport('it is a JSON file, but no TLS report: it has no report-id');
  if (!Number.isFinite(begin) || !Number.isFinite(end) || begin > end) throw new UnreadableReport('the report does not say from when to when it is');
  if (policies.length === 0) throw new UnreadableReport('the report names no policy with a domain');
  return { organization, reportId, begin, end, policies, ...(contact !== '' && { contact }) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new UnreadableReport('it is no JSON document');
  }
}

function policyOf(entry: Record<string, unknown>): TlsReportPolicy[] {
  const policy = record(entry.policy);
  const summary = record(entry.summary);
  const domain = normalizeDomain(text(policy['policy-domain'], 253));
  if (domain === '') return [];
  const type = text(policy['policy-type'], 40).toLowerCase();
  return [
    {
      type: type === 'sts' || type === 'tlsa' ? type : 'no-policy-found',
      domain,
      mxHosts: list(policy['mx-host'] ?? policy['mx-host-pattern']).slice(0, 50).map((host) => text(host, 253)).filter(Boolean),
      successes: count(summary['total-successful-session-count']),
      failures: count(summary['total-failure-session-count']),
      details: list(entry['failure-details']).slice(0, REPORT_IN_LIMITS.tlsDetailsMax).map((one) => detailOf(record(one))),
    },
  ];
}

function detailOf(detail: Record<string, unknown>): TlsReportPolicy['details'][number] {
  return {
    resultType: text(detail['result-type'], 60).toLowerCase() || 'unknown',
    ...present('sendingIp', text(detail['sending-mta-ip'], 64)),
    ...present('mxHost', text(detail['receiving-mx-hostname'], 253).toLowerCase()),
    ...present('receivingIp', text(detail['receiving-ip'], 64)),
    count: count(detail['failed-session-count']),
    ...present('reason', text(detail['failure-reason-code'] ?? detail['failure-error-code'], 300)),
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** In one line; '' for what is no text. */
function text(value: unknown, charsMax: number): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  return String(value).slice(0, charsMax).replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

function count(value: unknown): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? Math.min(Math.floor(number), Number.MAX_SAFE_INTEGER / 1e6) : 0;
}

function present<K extends string>(key: K, value: string): { readonly [P in K]?: string } {
  return value === '' ? {} : ({ [key]: value } as { [P in K]: string });
}
