/**
 * What becomes of one report that could be read: kept, or left with a cause that is counted.
 *
 * Policy: everybody may report about domains of ours. A report about other domains, of an absurd time or that came before
 * is left; one that nothing authenticates is kept apart; each bringer may bring so many in a day.
 */
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import { packSources } from '../../contract/reports.ts';
import type { Directory } from '../../contract/directory.ts';
import type { ReportArrival as Arrival, PackedSources, ReportKind, ReportSink, ReportWrite, TlsReport } from '../../contract/reports.ts';
import type { DmarcReading } from './dmarc-xml.ts';
import type { FoundReport } from './report-file.ts';

export interface KeepPorts {
  readonly reports: Pick<ReportSink, 'addDmarc' | 'addTls' | 'noteIgnored'>;
  readonly directory: Pick<Directory, 'isLocalDomain'>;
  /** Milliseconds that reports are kept. */
  readonly keepMs: () => number;
}

/** A report as it is handed on by those who do not look into it. */
export type TakenReport = Exclude<FoundReport, { readonly kind: 'dmarc' }> | { readonly kind: 'dmarc'; readonly report: TakenDmarc };

export interface TakenDmarc extends Pick<DmarcReading, 'head' | 'messages'> {
  readonly sources: PackedSources;
}

export function taken(found: FoundReport): TakenReport {
  if (found.kind !== 'dmarc') return found;
  const { head, messages, sources } = found.report;
  return { kind: 'dmarc', report: { head, messages, sources: packSources(sources) } };
}

/** In a few words, for the timeline and the log. */
export type Kept = string;

/** Rejects (temporary Failure) when the store does. */
export async function keepDmarc(ports: KeepPorts, { head, sources, messages }: TakenDmarc, arrival: Arrival): Promise<Kept> {
  const what = `DMARC report of ${head.reporter || arrival.broughtBy} for ${head.domain}`;
  const cause = (await isOurs(ports.directory, head.domain)) ? timeTrouble(ports, head, arrival) : 'not-our-domain';
  if (cause !== undefined) return ignored(ports, 'dmarc', cause, arrival, what);
  const write = await ports.reports.addDmarc({ head, sources }, arrival);
  return told(what, write, arrival, `${messages} messages from ${sources.count} sources`);
}

/** One row for each domain of ours that the report is about. */
export async function keepTls(ports: KeepPorts, report: TlsReport, arrival: Arrival): Promise<Kept> {
  const what = `TLS report of ${report.organization || arrival.broughtBy}`;
  const domains = [];
  for (const domain of new Set(report.policies.map((policy) => policy.domain))) if (await isOurs(ports.directory, domain)) domains.push(domain);
  const cause = domains.length > 0 ? timeTrouble(ports, report, arrival) : 'not-our-domain';
  if (cause !== undefined) return ignored(ports, 'tls', cause, arrival, what);
  const kept: string[] = [];
  for (const domain of domains) {
    const policies = report.policies.filter((policy) => policy.domain === domain);
    const sum = (name: 'successes' | 'failures'): number => policies.reduce((total, policy) => total + policy[name], 0);
    const write = await ports.reports.addTls({ ...report, policies }, domain, arrival);
    kept.push(told(`${what} for ${domain}`, write, arrival, `${sum('successes')} sessions succeeded, ${sum('failures')} failed`));
  }
  return kept.join('; ');
}

const PARENTS_MAX = 8;

/** The domain, or one above it: reports name subdomains, too. */
export async function isOurs(directory: KeepPorts['directory'], domain: string): Promise<boolean> {
  const labels = domain.split('.');
  for (let cut = 0; cut < Math.min(labels.length - 1, PARENTS_MAX); cut += 1) if (await directory.isLocalDomain(labels.slice(cut).join('.'))) return true;
  return false;
}

function timeTrouble({ keepMs }: KeepPorts, { begin, end }: { readonly begin: number; readonly end: number }, { receivedAt }: Arrival): string | undefined {
  if (end > receivedAt + REPORT_IN_LIMITS.futureMsMax || end - begin > REPORT_IN_LIMITS.periodMsMax) return 'absurd-time';
  return end < receivedAt - keepMs() ? 'too-old' : undefined;
}

const CAUSES: Readonly<Record<string, string>> = {
  'not-our-domain': 'left: it is about domains that are not ours',
  'absurd-time': 'left: its time cannot be right',
  'too-old': 'left: it is older than reports are kept',
};

async function ignored({ reports }: KeepPorts, kind: ReportKind, cause: string, arrival: Arrival, what: string): Promise<Kept> {
  await reports.noteIgnored(kind, cause, arrival);
  return `${what} ${CAUSES[cause]}`;
}

function told(what: string, write: ReportWrite, { believed }: Arrival, figures: string): Kept {
  if (write === 'duplicate') return `${what} left: it came before`;
  if (write === 'flood') return `${what} left: too many came today from who brought it`;
  return `${what} kept${believed ? '' : ' apart, for nothing shows who sent it'}: ${figures}`;
}
