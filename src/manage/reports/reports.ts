/** Verbs on what others report about our mail: DMARC and TLS reports, complaints; with what they mean. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import { DEFAULT_FEEDBACK } from '../../config/feedback-config.ts';
import type { Complaint, DmarcSourceSummary } from '../../contract/reports.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { createDirectory } from '../../store/directory.ts';
import { createClientName } from '../../verify/iprev/client-name.ts';
import { keepDmarc, keepTls, taken } from '../../verify/reports/keep-report.ts';
import { judgeSource, type JudgedSource } from '../authentication/dmarc-findings.ts';
import { groupFindings, policyIn, type GroupFinding, type PolicyOf } from '../authentication/dmarc-groups.ts';
import { tlsFindings, type TlsFinding } from '../tls/tls-findings.ts';
import { domainArgument } from '../arguments.ts';
import { publicAddresses } from '../dns/dns.ts';
import { hostedDomain } from '../directory/hosted-domain.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export interface DmarcReportsAnswer {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly reports: number;
  /** Who reported. */
  readonly reporters: readonly string[];
  readonly messages: number;
  readonly passed: number;
  /** Worst first; those with most mail, when there are very many. */
  readonly sources: readonly JudgedSource[];
  /** What they mean, in paragraphs. */
  readonly findings: readonly GroupFinding[];
  /** Reports that nothing authenticates: they count for nothing. */
  readonly apart: number;
  readonly left: readonly LeftReports[];
}

/** Reports that were not kept. */
export interface LeftReports {
  readonly cause: string;
  readonly reports: number;
}

export interface TlsReportsAnswer {
  readonly since: number;
  readonly reports: number;
  readonly successes: number;
  readonly failures: number;
  readonly domains: readonly { readonly domain: string; readonly reports: number; readonly successes: number; readonly failures: number; readonly findings: readonly TlsFinding[] }[];
  readonly left: readonly LeftReports[];
}

export interface ComplaintsAnswer {
  readonly since: number;
  readonly complaints: readonly Complaint[];
  readonly left: readonly LeftReports[];
}

export interface ImportAnswer {
  /** What became of each report in the file. */
  readonly said: readonly string[];
  readonly kept: number;
}

const MONTH_MS = 30 * 86_400_000;
/** Sources whose names are looked up in DNS. */
const NAMES_MAX = 25;
const NAMES_MS = 4000;

const period = z.strictObject({
  domain: domainArgument.optional(),
  /** Milliseconds back from now. */
  backMs: z.number().int().min(60_000).max(10 * 365 * 86_400_000).default(MONTH_MS),
});

const dmarc = defineVerb({
  name: 'report.dmarc',
  summary: 'Tells who sends as our domains, by the DMARC reports that came.',
  args: period,
  run: async (context: ManageContext, { domain, backMs }): Promise<DmarcReportsAnswer> => {
    const { store, clock, config } = context;
    const since = clock.now() - backMs;
    const asked = { since, ...(domain !== undefined && { domain: domainKey(domain) }) };
    const [summary, totals, reports, left] = await Promise.all([store.reports.dmarcSummary(asked), store.reports.dmarcTotals(asked), store.reports.dmarcReports(asked), leftSince(context, since, ['dmarc', 'other'])]);
    if (reports.length === 0) await oneOfOurs(context, domain);
    const names = await hostNames(context, summary);
    const ours = new Set(publicAddresses(config).map(({ address }) => address));
    const believed = reports.filter((report) => report.believed);
    const policyOf = policiesOf(believed);
    const sources = summary.map((source) => judgeSource(source, { ...hostNameOf(names, source.sourceIp), isOurs: ours.has(source.sourceIp), ...present('policy', policyOf(source)) })).sort(worstFirst);
    return {
      since, ...totals, left,
      reporters: [...new Set(believed.map(({ reporter, broughtBy }) => reporter || broughtBy))],
      sources,
      findings: groupFindings(sources, policyOf),
    };
  },
});

const tls = defineVerb({
  name: 'report.tls-received',
  summary: 'Tells how others could send to our domains over TLS, by the reports that came.',
  args: period,
  run: async (context: ManageContext, { domain, backMs }): Promise<TlsReportsAnswer> => {
    const since = context.clock.now() - backMs;
    const reports = await context.store.reports.tlsReports({ since, ...(domain !== undefined && { domain: domainKey(domain) }) });
    if (reports.length === 0) await oneOfOurs(context, domain);
    const domains = [...Map.groupBy(reports, (report) => report.domain)].map(([name, its]) => {
      const policies = its.flatMap((report) => report.policies);
      const sum = (key: 'successes' | 'failures'): number => policies.reduce((total, policy) => total + policy[key], 0);
      return { domain: name, reports: its.length, successes: sum('successes'), failures: sum('failures'), findings: tlsFindings(its, name) };
    });
    const total = (key: 'successes' | 'failures'): number => domains.reduce((sum, each) => sum + each[key], 0);
    return { since, reports: reports.length, successes: total('successes'), failures: total('failures'), domains, left: await leftSince(context, since, ['tls', 'other']) };
  },
});

const complaints = defineVerb({
  name: 'report.complaints',
  summary: 'Lists complaints about our mail: who called which message spam.',
  args: period,
  run: async (context: ManageContext, { domain, backMs }): Promise<ComplaintsAnswer> => {
    const since = context.clock.now() - backMs;
    const found = await context.store.reports.complaints({ since, ...(domain !== undefined && { domain: domainKey(domain) }) });
    if (found.length === 0) await oneOfOurs(context, domain);
    return { since, complaints: found, left: await leftSince(context, since, ['complaint', 'other']) };
  },
});

/** "Nothing came" is said of domains of this server only; about those that left it, what came is still shown. */
async function oneOfOurs(context: ManageContext, domain: string | undefined): Promise<void> {
  if (domain !== undefined) await hostedDomain(context, domain);
}

const importReport = defineVerb({
  name: 'report.import',
  summary: 'Takes up the DMARC and TLS reports in a file, as if they had come by mail.',
  args: z.strictObject({ base64: z.string().max(Math.ceil((REPORT_IN_LIMITS.messageBytesMax * 4) / 3) + 4) }),
  run: async ({ store, config, clock, inspection }: ManageContext, { base64 }): Promise<ImportAnswer> => {
    const directory = createDirectory({ store, hostname: config.hostname, origin: config.origin });
    const ports = { reports: store.reports, directory, keepMs: () => (config.feedback ?? DEFAULT_FEEDBACK).keepMs };
    const arrival = { receivedAt: clock.now(), broughtBy: 'import', believed: true };
    const said: string[] = [];
    const file = Buffer.from(base64, 'base64');
    const found = await (inspection ? inspection.reportsInFile(file) : (await import('../../verify/reports/report-file.ts')).readReportFile(file).then((reports) => reports.map(taken)));
    if (found.length === 0) throw new Failure('no-report', 'the file holds no report: a DMARC report is XML, a TLS report JSON, either may be packed by gzip or zip, or attached to a message', { temporary: false });
    for (const one of found) {
      if (one.kind === 'dmarc') said.push(await keepDmarc(ports, one.report, arrival));
      else if (one.kind === 'tls') said.push(await keepTls(ports, one.report, arrival));
      else if (one.kind === 'unreadable') throw new Failure('report-unreadable', `the report cannot be read: ${one.why}`, { temporary: false });
      else said.push('a complaint: those are taken up only from who sends them');
    }
    return { said, kept: said.filter((text) => / kept: /.test(text)).length };
  },
});

export const receivedReportVerbs = [dmarc, tls, complaints, importReport] as const;

/** By the newest report of each domain; they come newest first. */
function policiesOf(reports: readonly { readonly domain: string; readonly policy: { readonly p: string; readonly sp?: string } }[]): PolicyOf {
  const newest = new Map(reports.toReversed().map(({ domain, policy }) => [domain, policy]));
  return ({ domain, headerFrom }) => {
    const policy = newest.get(domain);
    return policy && policyIn(domain, policy, headerFrom);
  };
}

const LEVELS = { fail: 0, warn: 1, ok: 2 } as const;

function worstFirst(a: JudgedSource, b: JudgedSource): number {
  return LEVELS[a.finding.level] - LEVELS[b.finding.level] || b.count - a.count;
}

async function leftSince({ store }: ManageContext, since: number, kinds: readonly string[]): Promise<readonly LeftReports[]> {
  const rows = (await store.reports.arrivals(new Date(since).toISOString().slice(0, 10))).filter(({ kind, outcome }) => kinds.includes(kind) && outcome !== 'stored');
  return [...Map.groupBy(rows, ({ outcome }) => outcome)].map(([cause, its]) => ({ cause, reports: its.reduce((sum, { reports }) => sum + reports, 0) }));
}

function hostNameOf(names: ReadonlyMap<string, string>, address: string): { readonly hostName?: string } {
  return present('hostName', names.get(address));
}

function present<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: string });
}

/** Those that lead back to their address. What DNS does not tell in time is left out. */
async function hostNames({ dns, clock }: ManageContext, summary: readonly DmarcSourceSummary[]): Promise<ReadonlyMap<string, string>> {
  const nameOf = createClientName(dns, { deadlineMs: NAMES_MS, clock });
  const addresses = [...new Set(summary.map(({ sourceIp }) => sourceIp))].slice(0, NAMES_MAX);
  const answers = await Promise.all(addresses.map(nameOf));
  return new Map(answers.flatMap(({ address, result, name }, at) => (result === 'pass' && name !== undefined ? [[addresses[at] ?? address, name] as const] : [])));
}
