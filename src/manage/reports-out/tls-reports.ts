/**
 * The chore that sends TLS reports (RFC 8460): each day of UTC that is over, one report for each domain that we had TLS
 * sessions with and that asks for it, by mail or HTTPS. A day on which nothing but our own reports went there is not
 * reported, or two servers would write to each other every day about nothing.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { REPORT_OUT_LIMITS } from '../../base/report-limits.ts';
import type { Chore } from '../../contract/chores.ts';
import type { HttpsFetch } from '../../contract/https-fetch.ts';
import type { OwnMail } from '../../contract/own-mail.ts';
import { tlsReportMail } from '../../mail/report-mail.ts';
import type { ReportUri } from '../../verify/reports/report-uri.ts';
import { tlsDestinations } from '../../verify/reports/tls-destinations.ts';
import { tlsReports, type TlsReport } from '../tls/tls-report.ts';
import type { ManageContext } from '../verb.ts';
import { mailReport } from './mailed.ts';
import { runReports, settled, type DayPlan, type DestinationSend, type OpenDay, type Outcome } from './report-run.ts';
import { DAY_MS, dueDays, reporterOf, reportIdOf, timeOf, type ReportRun, type MadeReport } from './reporter.ts';

const compress = promisify(gzip);
const OK_MIN = 200;
const OK_MAX = 299;
const TOO_MANY = 429;
const SERVER_ERROR = 500;

type ReportContext = Pick<ManageContext, 'store' | 'config' | 'dns' | 'log' | 'fetch'>;

export function createTlsReportChore(context: ReportContext, ownMail: OwnMail): Chore {
  return {
    name: 'tls-reports',
    everyMs: REPORT_OUT_LIMITS.everyMs,
    async run({ now, signal }) {
      if (!reporterOf(context.config).settings.tls) return;
      const open = await sendTlsReports(context, ownMail, { now, signal, span: dueDays(now) });
      if (open.length === REPORT_OUT_LIMITS.domainsPerRunMax) return { againInMs: 60_000 };
    },
  };
}

/** Works off what is open in these days, and returns what that was. */
export async function sendTlsReports(context: ReportContext, ownMail: OwnMail, { now, signal, span }: ReportRun): Promise<readonly OpenDay[]> {
  const { store, log } = context;
  await store.tlsResults.flush();
  const open = await store.reportsOut.openTlsDays(span.from, span.before, REPORT_OUT_LIMITS.domainsPerRunMax);
  await runReports({ store, log, kind: 'tls', now, signal }, open, (one) => plan({ context, ownMail, now, signal }, one));
  return open;
}

interface SendPorts {
  readonly context: ReportContext;
  readonly ownMail: OwnMail;
  readonly now: number;
  readonly signal: AbortSignal;
}

async function plan(ports: SendPorts, { day, domain }: OpenDay): Promise<DayPlan> {
  const { store, config, dns } = ports.context;
  const destinations = await tlsDestinations(dns, domain);
  if (destinations.kind === 'unknown') return { kind: 'again', detail: destinations.reason };
  if (destinations.kind === 'none') return { kind: 'none', detail: 'asks for no reports' };
  const rows = await store.tlsResults.list(day, domain);
  const { organization, from: contact, submitter } = reporterOf(config);
  const [made] = tlsReports(rows, day, { organization, contact });
  if (!made) return { kind: 'none', detail: 'no TLS sessions' };
  if (await onlyReports(ports, day, domain, made.report)) return { kind: 'none', detail: 'only reports went there' };
  const reportId = reportIdOf('tls', submitter, domain, day);
  const report: TlsReport = { ...made.report, 'report-id': `${reportId}@${submitter}` };
  const attachment = await compress(JSON.stringify(report));
  const sendable = { attachment, domain, reportId, ...timeOf(day) };
  return { kind: 'destinations', sends: destinations.uris.slice(0, REPORT_OUT_LIMITS.destinationsMax).map((uri) => sendTo(ports, uri, sendable)) };
}

async function onlyReports({ context }: SendPorts, day: string, domain: string, report: TlsReport): Promise<boolean> {
  const sums = report.policies.map(({ summary }) => summary);
  if (sums.some((sum) => sum['total-failure-session-count'] > 0)) return false;
  const sessions = sums.reduce((sum, one) => sum + one['total-successful-session-count'], 0);
  const { begin } = timeOf(day);
  return sessions <= (await context.store.reportsOut.mailedTo(domain, begin, begin + DAY_MS));
}

function sendTo({ context, ownMail, now, signal }: SendPorts, uri: ReportUri, made: MadeReport): DestinationSend {
  const destination = uri.uri;
  if (uri.kind === 'unusable') return settled({ state: 'refused', destination, detail: `the address ${uri.reason}` });
  if (made.attachment.length > REPORT_OUT_LIMITS.attachmentBytesMax) return settled({ state: 'refused', destination, detail: `the report has ${made.attachment.length} bytes` });
  if (uri.kind === 'https') {
    const { fetch } = context;
    return fetch ? { destination, send: () => post(fetch, uri.url, destination, made, signal) } : settled({ state: 'failed', destination, detail: 'there is no way to the web here' });
  }
  const { organization, from, submitter } = reporterOf(context.config);
  const content = tlsReportMail({ ...made, organization, from, submitter, to: uri.address, date: now });
  return { destination, send: () => mailReport(ownMail, destination, uri.address, content) };
}

/** RFC 8460 §5.4. */
async function post(fetch: HttpsFetch, url: URL, destination: string, { attachment }: MadeReport, signal: AbortSignal): Promise<Outcome> {
  const answer = await fetch({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 443 : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: 'POST',
    body: { mediaType: 'application/tlsrpt+gzip', bytes: attachment },
    accept: '*/*',
    bytesMax: REPORT_OUT_LIMITS.postAnswerBytesMax,
    timeoutMs: REPORT_OUT_LIMITS.postMs,
    signal,
  });
  if (answer.kind === 'failure') return { state: 'again', destination, detail: `${url.hostname}: ${answer.detail}` };
  if (answer.status >= OK_MIN && answer.status <= OK_MAX) return { state: 'sent', destination, detail: `HTTP ${answer.status}` };
  const again = answer.status >= SERVER_ERROR || answer.status === TOO_MANY;
  return { state: again ? 'again' : 'failed', destination, detail: `${url.hostname} answered HTTP ${answer.status}` };
}
