/**
 * The chore that sends DMARC aggregate reports: each day of UTC that is over, one report for each policy domain that asks
 * for them, to every destination that may have it. Nothing goes to domains of our own: what fared here is in our own log.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { REPORT_OUT_LIMITS } from '../../base/report-limits.ts';
import type { Chore } from '../../contract/chores.ts';
import type { DmarcReportHead } from '../../contract/reports.ts';
import type { OwnMail } from '../../contract/own-mail.ts';
import { dmarcReportMail } from '../../mail/report-mail.ts';
import { parseDmarcRecord, type DmarcRecord } from '../../verify/dmarc/record.ts';
import { aggregateReportXml } from '../../verify/reports/aggregate-report.ts';
import { dmarcDestinations, type DmarcDestination } from '../../verify/reports/dmarc-destinations.ts';
import type { ManageContext } from '../verb.ts';
import { mailReport } from './mailed.ts';
import { runReports, settled, type DayPlan, type DestinationSend, type OpenDay } from './report-run.ts';
import { DAY_MS, dayOf, dueDays, reporterOf, reportIdOf, timeOf, type ReportRun, type MadeReport } from './reporter.ts';

const compress = promisify(gzip);
/** Base64 and line ends: the size limit in a `rua` is for what is sent. */
const ENCODED = 78 / 57;
const GENERATOR = 'Posthorn';

type ReportContext = Pick<ManageContext, 'store' | 'config' | 'dns' | 'log'>;

export function createDmarcReportChore(context: ReportContext, ownMail: OwnMail): Chore {
  return {
    name: 'dmarc-reports',
    everyMs: REPORT_OUT_LIMITS.everyMs,
    async run({ now, signal }) {
      await context.store.reportsOut.prune(dayOf(now - REPORT_OUT_LIMITS.keepDays * DAY_MS));
      if (!reporterOf(context.config).settings.dmarc) return;
      const open = await sendDmarcReports(context, ownMail, { now, signal, span: dueDays(now) });
      if (open.length === REPORT_OUT_LIMITS.domainsPerRunMax) return { againInMs: 60_000 };
    },
  };
}

/** Works off what is open in these days, and returns what that was. */
export async function sendDmarcReports(context: ReportContext, ownMail: OwnMail, { now, signal, span }: ReportRun): Promise<readonly OpenDay[]> {
  const { store, log } = context;
  const open = await store.reportsOut.openDmarcDays(span.from, span.before, REPORT_OUT_LIMITS.domainsPerRunMax);
  const records = new Map(open.map(({ day, domain, record }) => [`${day} ${domain}`, record]));
  await runReports({ store, log, kind: 'dmarc', now, signal }, open, (one) => plan(context, ownMail, one, records.get(`${one.day} ${one.domain}`) ?? '', now));
  return open;
}

async function plan(context: ReportContext, ownMail: OwnMail, { day, domain }: OpenDay, text: string, now: number): Promise<DayPlan> {
  const record = parseDmarcRecord(text);
  if (!record || record.rua.length === 0) return { kind: 'none', detail: 'asks for no reports' };
  const ours = new Set((await context.store.directory.snapshot()).domains.map(({ name }) => name));
  if (ours.has(domain)) return { kind: 'none', detail: 'a domain of this server' };
  const destinations = await dmarcDestinations(context.dns, domain, record.rua.slice(0, REPORT_OUT_LIMITS.destinationsMax));
  let made: Promise<MadeReport> | undefined;
  const report = (): Promise<MadeReport> => (made ??= make(context, day, domain, record));
  return { kind: 'destinations', sends: destinations.map((destination) => sendTo({ context, ownMail, ours, report, now }, destination)) };
}

interface SendPorts {
  readonly context: ReportContext;
  readonly ownMail: OwnMail;
  readonly ours: ReadonlySet<string>;
  readonly report: () => Promise<MadeReport>;
  readonly now: number;
}

function sendTo({ context, ownMail, ours, report, now }: SendPorts, to: DmarcDestination): DestinationSend {
  if (to.kind === 'refused') return settled({ state: 'refused', destination: to.uri, detail: to.reason });
  if (to.kind === 'unknown') return settled({ state: 'again', destination: to.uri, detail: to.reason });
  const { uri: destination, address, host, bytesMax = REPORT_OUT_LIMITS.attachmentBytesMax } = to.uri;
  if (ours.has(host)) return settled({ state: 'refused', destination, detail: `${host} is a domain of this server` });
  return {
    destination,
    async send() {
      const made = await report();
      const size = Math.ceil(made.attachment.length * ENCODED);
      if (size > Math.min(bytesMax, REPORT_OUT_LIMITS.attachmentBytesMax)) return { state: 'refused', destination, detail: `the report has ${size} bytes, and at most ${bytesMax} are taken there` };
      const { organization, from, submitter } = reporterOf(context.config);
      return mailReport(ownMail, destination, address, dmarcReportMail({ ...made, organization, from, submitter, to: address, date: now }));
    },
  };
}

async function make({ store, config }: ReportContext, day: string, domain: string, record: DmarcRecord): Promise<MadeReport> {
  const { organization, from, submitter } = reporterOf(config);
  const rows = await store.reportsOut.rows(day, domain);
  const reportId = reportIdOf('dmarc', submitter, domain, day);
  const { begin, end } = timeOf(day);
  const { p, sp, np, adkim, aspf, testMode: testing } = record;
  const head: DmarcReportHead = { reporter: organization, reporterEmail: from, reportId, begin, end, domain, policy: { p, ...(sp && { sp }), ...(np && { np }), adkim, aspf, testing } };
  const xml = aggregateReportXml({ head, rows, failureOptions: record.fo.join(':'), generator: GENERATOR });
  return { attachment: await compress(xml), domain, reportId, begin, end };
}
