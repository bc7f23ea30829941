/** `posthorn report dmarc|arf|import` and `report tls --received`: what others report about our mail. */
import type { Command } from 'commander';
import { REPORT_IN_LIMITS } from '../../../base/report-in-limits.ts';
import { printable } from '../../../base/table.ts';
import { explainReportFile } from '../../../manage/reports/report-reading.ts';
import type { ComplaintsAnswer, DmarcReportsAnswer, ImportAnswer, TlsReportsAnswer } from '../../../manage/reports/reports.ts';
import { durationOption, leaf, type Registry } from '../command.ts';
import { readGivenFile } from '../given-file.ts';
import type { CommonOptions, Session } from '../session.ts';
import { minute, share, showExplained, showLeft, showSources, showTlsFindings } from './report-text.ts';

interface PeriodOptions extends CommonOptions {
  readonly since?: number;
}

export function addReceivedReports(registry: Registry, parent: Command): void {
  const { session } = registry;
  const command = (name: string, summary: string, run: (options: PeriodOptions, args: object, domain: string | undefined) => Promise<number | void>): void => {
    leaf<PeriodOptions>(registry, parent, name, summary, '[domain]', (options, domain) => run(options, { ...(domain === undefined ? {} : { domain }), ...(options.since !== undefined && { backMs: options.since }) }, domain)).option(
      '--since <duration>', 'how far back, such as 7d (default: 30d)', durationOption,
    );
  };
  command('dmarc', 'who sends as your domains, by the DMARC reports of receivers: what passes, what does not, and what to do', async (options, args) => {
    const answer = await session.call<DmarcReportsAnswer>(options, 'report.dmarc', args);
    if (options.json) session.out.json(answer);
    else showDmarc(session, answer);
    return answer.sources.some(({ finding }) => finding.level === 'fail') ? 1 : 0;
  });
  command('arf', 'complaints: who called which message spam (feedback loops: ARF, X-ARF and the copies of Outlook.com)', async (options, args) => {
    const answer = await session.call<ComplaintsAnswer>(options, 'report.complaints', args);
    if (options.json) session.out.json(answer);
    else showComplaints(session, answer);
  });
  leaf<CommonOptions>(registry, parent, 'import', 'take up a DMARC or TLS report from a file (XML, JSON, gzip, zip, or a message); - reads standard input', '<file>', async (options, file = '') => {
    const bytes = await readReport(session, file);
    const answer = await session.call<ImportAnswer>(options, 'report.import', { base64: bytes.toString('base64') });
    if (options.json) session.out.json(answer);
    else for (const said of answer.said) session.out.line(printable(said));
    return answer.kept > 0 ? 0 : 1;
  });
}

/** `posthorn dmarc report FILE`, which needs neither store nor server. */
export function addReportReader(registry: Registry, parent: Command, name: string): void {
  const { session } = registry;
  leaf<CommonOptions>(registry, parent, name, 'explain one report file (XML, JSON, gzip, zip, or a message); - reads standard input', '<file>', async (options, file = '') => {
    const reports = await explainReportFile(await readReport(session, file));
    if (options.json) session.out.json(reports);
    else for (const report of reports) showExplained(session, report);
  });
}

function readReport(session: Session, file: string): Promise<Buffer> {
  return readGivenFile(session, file, REPORT_IN_LIMITS.messageBytesMax, 'a report');
}

/** `report tls --received`. Returns the exit status. */
export async function showReceivedTls(session: Session, options: CommonOptions, args: object): Promise<number> {
  const { out } = session;
  const answer = await session.call<TlsReportsAnswer>(options, 'report.tls-received', args);
  if (options.json) out.json(answer);
  else {
    out.line(`TLS reports of others since ${minute(answer.since)} UTC: ${answer.reports}`);
    const right = { align: 'right' as const };
    out.table([{ title: 'Domain' }, { title: 'Reports', ...right }, { title: 'Succeeded', ...right }, { title: 'Failed', ...right }], answer.domains.map((row) => [row.domain, String(row.reports), String(row.successes), String(row.failures)]), 'none came yet; they are sent to the addresses in the _smtp._tls records, once a day');
    for (const { findings } of answer.domains) showTlsFindings(session, findings);
    showLeft(session, answer.left);
  }
  return answer.failures > 0 ? 1 : 0;
}

function showDmarc(session: Session, answer: DmarcReportsAnswer): void {
  const { out } = session;
  out.line(`${answer.reports} DMARC ${answer.reports === 1 ? 'report' : 'reports'} since ${minute(answer.since)} UTC${answer.reporters.length > 0 ? `, of ${printable(answer.reporters.slice(0, 8).join(', '))}` : ''}: ${answer.messages} messages${answer.messages > 0 ? `, ${share(answer.passed, answer.messages)} pass` : ''}`);
  if (answer.reports === 0) out.line('Receivers send them once a day to the address in the _dmarc record (rua=); posthorn dns records shows it.');
  else showSources(session, answer.sources, answer.findings);
  showLeft(session, answer.left, answer.apart);
}

function showComplaints(session: Session, { complaints, left, since }: ComplaintsAnswer): void {
  const { out } = session;
  out.line(`complaints since ${minute(since)} UTC`);
  out.table(
    [{ title: 'When' }, { title: 'Kind' }, { title: 'Told by', max: 40 }, { title: 'From' }, { title: 'Recipient', max: 50 }, { title: 'Stream' }, { title: 'Message' }],
    complaints.map((row) => [minute(row.at), row.kind, printable(row.reporter), printable(row.fromDomain), printable(row.recipient ?? 'not recognised'), row.stream ?? '', row.messageId ?? '']),
    'none came; the address for them is to be registered with the feedback loops of Yahoo, Microsoft and others',
  );
  showLeft(session, left);
}
