/**
 * The service `reports`: reads what others send to the addresses that our records name: DMARC aggregate reports, TLS
 * reports, complaints. They are known by their content, not by the address they come to.
 *
 * Policy: what is no report is returned in words that name the postmaster, unless somebody has the address and gets it all
 * the same. What looks like a report and cannot be read is counted and let go: its sender is a machine. Reading takes turns,
 * one report at a time, so that many of them leave the deliveries their share.
 */
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Clock } from '../../base/clock.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { ReportArrival as Arrival } from '../../contract/reports.ts';
import type { LaneKey } from '../../contract/sending.ts';
import { REPORT_SERVICE, type MailService, type ServiceMail } from '../../contract/service-mail.ts';
import { domainOf } from '../../mail/address.ts';
import type { ParsedArf } from '../../mail/arf.ts';
import type { StoreClients } from '../../store/store-clients.ts';
import { arrivalOf } from './bringer.ts';
import { readComplaint, type ReadComplaint } from './complaint.ts';
import { isOurs, keepDmarc, keepTls, type KeepPorts, type TakenReport } from '../../verify/reports/keep-report.ts';

export interface ReportServicePorts extends Pick<KeepPorts, 'directory' | 'keepMs'> {
  readonly store: Pick<StoreClients, 'reports' | 'timeline' | 'suppressions'>;
  /** Of a message; see verify/reports/report-file.ts. Not in this thread: somebody may have made it take long. */
  readonly readReports: (message: Buffer) => Promise<readonly TakenReport[]>;
  readonly clock: Clock;
  readonly log: Log;
  /** A recipient of ours said that our mail is spam: what sends by this lane shall know. */
  readonly complained: (lane: LaneKey) => void;
}

export function createReportService(ports: ReportServicePorts): MailService {
  const turn = new Semaphore(1);
  return { name: REPORT_SERVICE, take: (mail) => turn.run(() => take(ports, mail)) };
}

async function take(ports: ReportServicePorts, mail: ServiceMail): Promise<{ readonly said: string }> {
  const { store, clock, log, readReports } = ports;
  const { message, content, recipient, isCopy } = mail;
  const arrival = arrivalOf(message, await store.timeline.events(message.id), clock.now());
  const found = content.size > REPORT_IN_LIMITS.messageBytesMax ? [] : await readReports(content.inMemory ?? (await content.read()));
  if (found.length === 0) {
    if (!isCopy) await store.reports.noteIgnored('other', 'no-report', arrival);
    return isCopy ? { said: 'it holds no report' } : refuse(recipient);
  }
  const said: string[] = [];
  for (const one of found) said.push(await keep(ports, one, arrival, message.id));
  log.info('report.taken', { id: message.id, broughtBy: arrival.broughtBy, said });
  return { said: said.join('; ') };
}

function refuse(recipient: string): never {
  throw new Failure('not-a-report', `${recipient} is read by a program that takes DMARC, TLS and abuse reports, and this message holds none it could find; please write to postmaster@${domainOf(recipient)}`, { temporary: false });
}

async function keep(ports: ReportServicePorts, found: TakenReport, arrival: Arrival, reportId: string): Promise<string> {
  const { reports } = ports.store;
  switch (found.kind) {
    case 'dmarc':
      return keepDmarc({ ...ports, reports }, found.report, arrival);
    case 'tls':
      return keepTls({ ...ports, reports }, found.report, arrival);
    case 'complaint':
      return keepComplaint(ports, found.report, arrival, reportId);
    case 'unreadable':
      await reports.noteIgnored('other', 'unreadable', arrival);
      return `a report that cannot be read: ${found.why}`;
  }
}

async function keepComplaint(ports: ReportServicePorts, arf: ParsedArf, arrival: Arrival, reportId: string): Promise<string> {
  const { store, directory } = ports;
  const read = await readComplaint(store.timeline, arf, arrival);
  const { complaint, digest, about } = read;
  const what = `${complaint.kind} complaint of ${complaint.reporter || 'somebody'} about ${complaint.fromDomain || 'mail'}`;
  if (!about && !(await isOurs(directory, complaint.fromDomain))) {
    await store.reports.noteIgnored('complaint', 'not-our-domain', arrival);
    return `${what} left: it is not about mail of ours`;
  }
  // Before it is written down: a crash in between does it again, and each step stands a second time.
  const followed = about && arrival.believed ? await follow(ports, { ...read, about }, reportId) : 'nothing follows, for the message was not recognised';
  const write = await store.reports.addComplaint(complaint, digest, arrival);
  if (write === 'duplicate') return `${what} left: it came before`;
  if (write === 'flood') return `${what} left: too many came today from who brought it`;
  return `${what} kept: ${followed}`;
}

/** RFC 5965 §7.3: somebody who says "no spam" wants the mail. */
async function follow({ store, clock, log, complained }: ReportServicePorts, { complaint, about }: ReadComplaint & { readonly about: NonNullable<ReadComplaint['about']> }, reportId: string): Promise<string> {
  const { item, recipient, lane, told } = about;
  const { message } = item;
  if (complaint.kind === 'not-spam') return 'the recipient wants the mail';
  if (told) return `${recipient.address} had complained about message ${message.id} before`;
  const stream = message.stream ?? 'transactional';
  const now = clock.now();
  await store.suppressions.add([{ address: recipient.address, source: 'complaint', stream, since: now, reason: `${complaint.reporter} reported a message of ours as ${complaint.kind === 'opt-out' ? 'unwanted' : 'spam'}, in this person's name.` }]);
  await store.timeline.append(message.id, [{ at: now, name: MESSAGE_EVENTS.complained, recipient: recipient.index, data: { reporter: complaint.reporter, kind: complaint.kind, reportId, suppressed: stream } }]);
  complained(lane);
  log.info('recipient.complained', { id: message.id, reportId, to: recipient.address, reporter: complaint.reporter, stream });
  return `${recipient.address} gets no more ${stream} mail (message ${message.id})`;
}
