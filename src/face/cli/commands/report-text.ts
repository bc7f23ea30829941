/** Reports of others as tables and sentences for people. What reporters wrote is made printable. */
import { printable } from '../../../base/table.ts';
import type { JudgedSource } from '../../../manage/authentication/dmarc-findings.ts';
import type { GroupFinding } from '../../../manage/authentication/dmarc-groups.ts';
import type { LeftReports } from '../../../manage/reports/reports.ts';
import type { ExplainedReport } from '../../../manage/reports/report-reading.ts';
import type { TlsFinding } from '../../../manage/tls/tls-findings.ts';
import type { Session } from '../session.ts';

const LEVELS = { ok: 'ok', warn: 'warn', fail: 'FAIL' } as const;
/** Sources in the table, and paragraphs below it. */
const ROWS_MAX = 40;
const TOLD_MAX = 20;

export function showSources({ out }: Pick<Session, 'out'>, sources: readonly JudgedSource[], findings: readonly GroupFinding[]): void {
  const right = { align: 'right' as const };
  out.table(
    [{ title: 'Source', max: 60 }, { title: 'From' }, { title: 'Messages', ...right }, { title: 'Pass', ...right }, { title: 'SPF', ...right }, { title: 'DKIM', ...right }, { title: 'Finding' }],
    sources.slice(0, ROWS_MAX).map((source) => [
      printable(nameOf(source)), printable(source.headerFrom), String(source.count), share(source.passed, source.count), share(source.spfAligned, source.count),
      share(source.dkimAligned, source.count), `${LEVELS[source.finding.level]} ${source.finding.kind}`,
    ]),
    'no mail was reported',
  );
  if (sources.length > ROWS_MAX) out.line(`… and ${sources.length - ROWS_MAX} more sources; --json lists them`);
  for (const finding of findings.slice(0, TOLD_MAX)) {
    out.line();
    out.line(`${LEVELS[finding.level]} ${printable(titleOf(finding))} (${finding.messages} ${finding.messages === 1 ? 'message' : 'messages'}): ${printable(finding.text)}`);
    if (finding.fix !== undefined) out.line(`do: ${printable(finding.fix)}`);
  }
}

function titleOf({ service, sources, examples }: GroupFinding): string {
  if (sources === 1) return `${examples[0] ?? ''}${service === undefined ? '' : ` (${service})`}`;
  return service === undefined ? `${sources} sources` : `${service}, ${sources} addresses`;
}

export function showTlsFindings({ out }: Pick<Session, 'out'>, findings: readonly TlsFinding[]): void {
  for (const { text, fix } of findings) {
    out.line(printable(text));
    out.line(`do: ${printable(fix)}`);
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  duplicate: 'came before',
  flood: 'were too many in a day from one sender',
  'not-our-domain': 'were about domains that are not ours',
  'absurd-time': 'had a time that cannot be right',
  'too-old': 'were older than reports are kept',
  unreadable: 'could not be read',
  'no-report': 'were messages without a report, and were returned',
};

export function showLeft({ out }: Pick<Session, 'out'>, left: readonly LeftReports[], apart = 0): void {
  const parts = [...(apart > 0 ? [`${apart} kept apart, for nothing shows who sent them`] : []), ...left.map(({ cause, reports }) => `${reports} ${CAUSES[cause] ?? cause}`)];
  if (parts.length > 0) out.note(`not counted: ${parts.join('; ')}`);
}

export function showExplained(session: Pick<Session, 'out'>, report: ExplainedReport): void {
  const { out } = session;
  switch (report.kind) {
    case 'dmarc': {
      const { head, rows, skipped, messages, passed, sources, findings } = report;
      out.facts([
        ['Report', `DMARC, ${printable(head.reportId)}`], ['Of', printable(`${head.reporter} <${head.reporterEmail}>`)], ['About', printable(head.domain)],
        ['From', minute(head.begin)], ['Until', minute(head.end)], ['Policy', printable(Object.entries(head.policy).map(([tag, value]) => `${tag}=${String(value)}`).join('; '))],
        ['Rows', `${rows}${skipped > 0 ? `, ${skipped} of them not understood` : ''}`], ['Messages', `${messages}, of which ${share(passed, messages)} pass`],
      ]);
      out.line();
      return showSources(session, sources, findings);
    }
    case 'tls': {
      const { organization, reportId, begin, end, policies } = report.report;
      out.facts([['Report', `TLS, ${printable(reportId)}`], ['Of', printable(organization)], ['From', minute(begin)], ['Until', minute(end)]]);
      out.table([{ title: 'Domain' }, { title: 'Policy' }, { title: 'Succeeded', align: 'right' }, { title: 'Failed', align: 'right' }], policies.map((policy) => [printable(policy.domain), policy.type, String(policy.successes), String(policy.failures)]), '');
      return showTlsFindings(session, report.findings);
    }
    case 'complaint': {
      const { feedbackType, userAgent, sourceIp, originalMailFrom, originalRecipients, originalMessageId } = report.report;
      out.facts([
        ['Report', `complaint (${printable(feedbackType)})`], ['Of', printable(userAgent ?? '')], ['Message', printable(originalMessageId ?? '')], ['Sender', printable(originalMailFrom ?? '')],
        ['Recipients', printable(originalRecipients.join(', ') || 'not told')], ['Sent from', printable(sourceIp ?? '')],
      ]);
    }
  }
}

export function share(part: number, whole: number): string {
  return whole === 0 ? '' : `${Math.round((part / whole) * 100)}%`;
}

export function minute(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

function nameOf({ sourceIp, hostName, service }: JudgedSource): string {
  return `${sourceIp}${hostName === undefined ? '' : ` ${hostName}`}${service === undefined ? '' : ` (${service})`}`;
}
