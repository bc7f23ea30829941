/** Reports of other servers about our users' mail, behind the commit: onto its timeline, and to what learns from it. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Semaphore } from '../base/semaphore.ts';
import type { AuthReport } from '../contract/auth-report.ts';
import type { ReceivedMessage } from '../contract/message.ts';
import { readReturned, type IncomingReport, type Returned } from '../flow/feedback/returned-reports.ts';
import { createSuppressionRecorder } from '../flow/suppress/recorder.ts';
import { firstField, type ParsedHeader } from '../mail/header.ts';
import { explainReply } from '../mail/reply-meaning/explain.ts';
import type { StoreClients } from '../store/store-clients.ts';

export interface ReportReader {
  /** Never throws; the work goes on behind. */
  read(report: IncomingReport): void;
}

/** What can be a report about mail of ours, as far as the envelope and the header tell. Large ones are not looked at. */
export function isReport({ envelope, content }: ReceivedMessage, header: ParsedHeader): boolean {
  if (envelope.sender !== '' || !content.inMemory) return false;
  return /^multipart\/report\b/i.test(firstField(header.fields, 'content-type')?.value.trim() ?? '');
}

export function reportOf({ id, envelope, origin, content }: ReceivedMessage, { dkim }: AuthReport): IncomingReport {
  return { id, recipients: envelope.recipients.flatMap(({ address, via }) => [address, ...(via === undefined ? [] : [via])]), origin, dkim, content };
}

export function createReportReader({ store, clock, log }: { readonly store: Pick<StoreClients, 'timeline' | 'suppressions'>; readonly clock: Clock; readonly log: Log }): ReportReader {
  const recorder = createSuppressionRecorder({ suppressions: store.suppressions, clock, log });
  // One at a time: many reports at once must not take the store's time from mail.
  const turn = new Semaphore(1);
  const work = async (report: IncomingReport): Promise<void> => {
    const returned = await readReturned(store.timeline, report, clock.now());
    for (const one of returned) {
      await store.timeline.append(one.item.message.id, [one.event]);
      log.info('recipient.returned', { id: one.item.message.id, reportId: report.id, to: one.recipient.address, mx: one.mx, code: one.reply.code, enhanced: one.reply.enhanced });
    }
    recorder.record(returned.map(factsOf));
  };
  return {
    read: (report) => void turn.run(() => work(report)).catch((error: unknown) => log.warn('report.unread', { id: report.id, error: String(error) })),
  };
}

function factsOf({ item, recipient, reply, mx }: Returned) {
  return {
    messageId: item.message.id,
    recipient,
    recipients: 1,
    outcome: { recipient: recipient.index, status: 'failed' as const, scope: 'recipient' as const, reply, attempt: { mx } },
    state: 'bounced' as const,
    explanation: explainReply(reply, { mx }),
  };
}
