/** `posthorn queue list` and `show`. */
import type { QueueEntry, QueueListing } from '../../../manage/queue/queue.ts';
import type { CommonOptions, Session } from '../session.ts';
import { age, formatReply, formatSize, moment } from '../words.ts';
import { filterArgs, noteUnknownSites, type FilterOptions } from './queue-filter.ts';

export interface ListOptions extends FilterOptions {
  readonly limit: number;
  readonly sort: string;
  readonly after?: string;
}

export async function listQueue(session: Session, options: ListOptions): Promise<void> {
  const { out } = session;
  const { limit, sort, after } = options;
  const result = await session.call<QueueListing>(options, 'queue.list', { ...filterArgs(options), limit, sort, ...(after === undefined ? {} : { after }) });
  if (options.json) return out.json(result);
  printEntries(session, result.entries, result.now, 'nothing like that waits: the queue is empty, or the filter selects nothing');
  noteUnknownSites(session, result.unknownSites);
  if (!result.more) return;
  const last = result.entries.at(-1)?.id ?? '';
  out.note(sort === 'oldest' ? `there is more: --after ${last}, or a larger --limit` : 'there is more: a larger --limit');
}

export function printEntries({ out }: Session, entries: readonly QueueEntry[], now: number, empty: string): void {
  const rows = entries.flatMap((entry) =>
    entry.recipients.map((recipient, at) => [
      at === 0 ? entry.id : '',
      at === 0 ? age(now - entry.queuedAt) : '',
      at === 0 ? formatSize(entry.sizeBytes) : '',
      at === 0 ? entry.sender || '<>' : '',
      recipient.address,
      recipient.site ?? '',
      recipient.state === 'held' ? 'held' : recipient.attempts === 0 ? 'new' : `${recipient.attempts} tried`,
      recipient.inDelivery ? 'under way' : recipient.state === 'queued' ? nextTry(Math.max(recipient.nextAttemptAt, recipient.waitUntil ?? 0), now) : '',
      recipient.waitReason ?? recipient.reason ?? '',
    ]),
  );
  out.table(
    [{ title: 'Id' }, { title: 'Age', align: 'right' }, { title: 'Size', align: 'right' }, { title: 'Sender', max: 40 }, { title: 'Recipient', max: 40 }, { title: 'Site', max: 24 }, { title: 'State' }, { title: 'Next try' }, { title: 'Reason', max: 100 }],
    rows,
    empty,
  );
}

/** A time in the past means that its turn comes as soon as it can. */
function nextTry(at: number, now: number): string {
  return at <= now ? 'in turn' : moment(at, now);
}

interface QueueDetails extends QueueEntry {
  readonly origin: { readonly kind: string; readonly clientAddress?: string; readonly account?: string };
  readonly messageId?: string;
  readonly headerFrom?: string;
  readonly dkimDomain?: string;
  readonly now: number;
}

export async function showMessage(session: Session, options: CommonOptions, id: string | undefined): Promise<void> {
  const { out } = session;
  const entry = await session.call<QueueDetails>(options, 'queue.show', { id });
  if (options.json) return out.json(entry);
  out.facts([
    ['Id', entry.id],
    ['Sender', entry.sender || '<>'],
    ['From', entry.headerFrom],
    ['Message-ID', entry.messageId],
    ['Size', formatSize(entry.sizeBytes)],
    ['Came by', [entry.origin.kind, entry.origin.account, entry.origin.clientAddress].filter(Boolean).join(' ')],
    ['Stream', entry.stream],
    ['Signed for', entry.dkimDomain],
    ['Queued', new Date(entry.queuedAt).toISOString()],
    ['Expires', new Date(entry.expiresAt).toISOString()],
  ]);
  for (const recipient of entry.recipients) {
    out.line();
    out.facts([
      ['Recipient', recipient.address],
      ['State', recipient.state],
      ['Site', recipient.site],
      ['Attempts', recipient.attempts],
      ['Next try', recipient.state === 'queued' ? nextTry(Math.max(recipient.nextAttemptAt, recipient.waitUntil ?? 0), entry.now) : undefined],
      ['Waits', recipient.waitReason],
      ['Reason', recipient.reason],
      ['Last reply', recipient.lastReply && formatReply(recipient.lastReply)],
      ['Its meaning', [recipient.rule, recipient.culprit].filter(Boolean).join(', blames ')],
    ]);
  }
  out.line();
  out.line(`why it is where it is: posthorn queue why ${entry.id}`);
  out.line(`the whole story: posthorn trace ${entry.id}`);
}
