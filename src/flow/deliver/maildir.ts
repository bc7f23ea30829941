/**
 * Delivers into Maildirs of this machine, for routes of kind `maildir`: the mailboxes of another mail server beside us.
 *
 * Policy: trace fields and loops as in local.ts. Names are unique as maildir(5) wants them: time, process, a counter and
 * the host. A crash between the write and the commit delivers twice, never not at all. What the disk says is temporary:
 * a missing folder, a full disk and missing rights are the administrator's to mend.
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, QueueRecipient } from '../../contract/queue.ts';
import { addressKey } from '../../mail/address.ts';
import { maildirPlace } from '../../mail/maildir-path.ts';
import { writeMaildirFile } from './maildir-writer.ts';
import { deliveredTo, tracePrefix } from './trace-fields.ts';

export interface MaildirDelivererOptions {
  readonly hostname: string;
  readonly clock: Clock;
  readonly log: Log;
}

type Result = Pick<DeliveryOutcome, 'status' | 'scope' | 'reply'> & Pick<DeliveryOutcome['attempt'], 'advice'>;

/** Never rejects for what the disk or the message did. */
export function createMaildirDeliverer({ hostname, clock, log }: MaildirDelivererOptions): Deliverer {
  let counter = 0;
  const uniqueName = (): string => {
    const now = clock.now();
    const host = hostname.replaceAll('/', '\\057').replaceAll(':', '\\072');
    return `${Math.floor(now / 1000)}.M${(now % 1000) * 1000}P${process.pid}Q${++counter}R${Math.random().toString(36).slice(2, 8)}.${host}`;
  };
  const deliverOne = async (job: DeliveryJob, path: string, recipient: QueueRecipient): Promise<Result> => {
    const place = maildirPlace(path, recipient.address);
    if (!place) return { status: 'failed', scope: 'recipient', reply: { code: 550, enhanced: '5.1.3', text: `the address ${recipient.address} cannot name a mailbox here` } };
    if ((await deliveredTo(job.content)).has(addressKey(recipient.address))) {
      return { status: 'failed', scope: 'message', reply: { code: 554, enhanced: '5.4.6', text: `mail loop: the message was delivered to ${recipient.address} before` } };
    }
    try {
      const prefix = tracePrefix(recipient.reversePath ?? job.message.sender, recipient);
      await writeMaildirFile({ place, name: uniqueName(), prefix, content: job.content });
      return { status: 'delivered', scope: 'recipient', reply: { code: 250, enhanced: '2.0.0', text: 'delivered to its Maildir' } };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'error';
      const where = [place.base, ...place.names].join('/');
      log.error('deliver.maildir-failed', { id: job.message.id, recipient: recipient.index, path: where, error: String(error) });
      return { status: 'deferred', scope: 'local', ...troubleOf(code), advice: `${where}: ${code}` };
    }
  };
  return {
    deliver: async (job) => {
      const { route, message, leasedAt } = job;
      if (route.kind !== 'maildir') throw new Error(`a route of kind ${route.kind} is not for Maildirs`);
      const outcomes: DeliveryOutcome[] = [];
      for (const recipient of job.recipients) {
        const { advice, ...result } = await deliverOne(job, route.path, recipient);
        const delays = { a: span(message.startedAt, message.queuedAt), b: span(message.queuedAt, leasedAt), c: 0, d: span(leasedAt, clock.now()) };
        outcomes.push({ recipient: recipient.index, ...result, attempt: { delays, ownReply: true, ...(advice === undefined ? {} : { advice }) } });
      }
      return outcomes;
    },
  };
}

/** Senders are not told paths. RFC 3463 §3.3 and §3.4. */
function troubleOf(code: string): Pick<Result, 'reply'> {
  switch (code) {
    case 'EDQUOT':
      return { reply: { code: 452, enhanced: '4.2.2', text: 'the mailbox is full' } };
    case 'ENOSPC':
      return { reply: { code: 452, enhanced: '4.3.1', text: 'the disk of the mailbox is full' } };
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { reply: { code: 451, enhanced: '4.3.5', text: 'the folder of the mailbox cannot be written to; its administrator must look' } };
    default:
      return { reply: { code: 451, enhanced: '4.3.0', text: 'the mailbox could not be written now' } };
  }
}

/** The wall clock may have been set back in between. */
function span(from: number, to: number): number {
  return Math.max(0, to - from);
}
