/** `posthorn report …`: reports of others about our mail, and ours to them; `report tls` is the TLS report (RFC 8460) of a day, as it is sent. */
import type { Command } from 'commander';
import type { TlsReportListing } from '../../../manage/tls/tls.ts';
import type { TlsReportPolicy } from '../../../manage/tls/tls-report.ts';
import { durationOption, group, leaf, type Registry } from '../command.ts';
import { addReceivedReports, showReceivedTls } from './report-received.ts';
import { addDashboards } from './report-dashboards.ts';
import { addSendReports, addSentReports } from './report-sent.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface ReportOptions extends CommonOptions {
  readonly day?: string;
  readonly received?: boolean;
  readonly since?: number;
}

export function add(registry: Registry): void {
  const reports = group(registry, 'report', 'reports to other domains, and from them');
  addTlsReport(registry, reports, 'tls');
  addReceivedReports(registry, reports);
  addSentReports(registry, reports);
  addSendReports(registry, reports);
  addDashboards(registry, reports);
}

/** The same as `report tls` and as `tls report`. */
export function addTlsReport(registry: Registry, parent: Command, name: string): void {
  const { session } = registry;
  leaf<ReportOptions>(registry, parent, name, 'TLS sessions with other domains on a day (with --json the reports of RFC 8460), or what others report about yours', '[domain]', async (options, domain) => {
    const { day, received, since } = options;
    if (received || since !== undefined) return showReceivedTls(session, options, { ...(domain === undefined ? {} : { domain }), ...(since !== undefined && { backMs: since }) });
    if (day !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new UsageError(`--day ${day}: give a day such as 2026-11-20 (UTC)`);
    const listing = await session.call<TlsReportListing>(options, 'tls.report', { ...(day === undefined ? {} : { day }), ...(domain === undefined ? {} : { domain }) });
    if (options.json) session.out.json(listing.reports.map(({ report: one }) => one));
    else show(session, listing);
    return 0;
  })
    .option('--day <day>', 'UTC day, as 2026-11-20 (default: today)')
    .option('--received', 'what others reported about sessions with your domains')
    .option('--since <duration>', 'the same, how far back, such as 7d (default: 30d)', durationOption);
}

function show({ out }: Session, { day, reports, days }: TlsReportListing): void {
  out.line(`TLS sessions on ${day} (UTC)`);
  const rows = reports.flatMap(({ domain, report }) => report.policies.flatMap((policy) => policyRows(domain, policy)));
  const columns = [{ title: 'Domain' }, { title: 'Policy' }, { title: 'Result' }, { title: 'Sessions', align: 'right' as const }, { title: 'Mail server' }, { title: 'Detail', max: 70 }];
  out.table(columns, rows, 'none');
  const others = days.filter((each) => each.day !== day).map((each) => each.day);
  if (others.length > 0) out.line(`other days: ${others.join(', ')}`);
}

function policyRows(domain: string, { policy, summary, 'failure-details': failures = [] }: TlsReportPolicy): string[][] {
  const type = policy['policy-type'];
  const good = summary['total-successful-session-count'];
  return [
    ...(good > 0 ? [[domain, type, 'success', String(good), '', '']] : []),
    ...failures.map((failure) => [
      domain,
      type,
      failure['result-type'],
      String(failure['failed-session-count']),
      failure['receiving-mx-hostname'] ?? '',
      failure['failure-reason-code'] ?? '',
    ]),
  ];
}
