/** `posthorn queue list` and `show`. */
import type { Column } from '../../../base/table.ts';
import { readEntries, type QueueEntry, type QueueRowsPiece } from '../../../manage/queue/queue-entries.ts';
import type { QueueListing } from '../../../manage/queue/queue.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { age, formatReply, formatSize, moment } from '../words.ts';
import { filterArgs, noteUnknownSites, type FilterOptions } from './queue-filter.ts';

/** Rows of a listing that is sorted: they are found before the first is written. */
const SORTED_MAX = 10_000;

export interface ListOptions extends FilterOptions {
  readonly limit: number;
  readonly sort: string;
  readonly after?: string;
}

const NOTHING = 'nothing like that waits: the queue is empty, or the filter selects nothing';

export async function listQueue(session: Session, options: ListOptions): Promise<void> {
  return options.sort === 'oldest' ? listByAge(session, options) : listSorted(session, options);
}

async function listSorted(session: Session, options: ListOptions): Promise<void> {
  const { out } = session;
  const { limit, sort } = options;
  if (limit > SORTED_MAX) throw new UsageError(`--limit ${limit}: with --sort at most ${SORTED_MAX}`);
  if (options.after !== undefined) throw new UsageError('--after goes on in order of age: it does not go together with --sort');
  const result = await session.call<QueueListing>(options, 'queue.list', { ...filterArgs(options), limit, sort });
  if (options.json) return out.json(result);
  printEntries(session, result.entries, result.now, NOTHING);
  noteUnknownSites(session, result.unknownSites);
  if (result.more) out.note('there is more: a larger --limit');
}

/** In pieces as they come, so that the longest queue needs no more memory than a short one; with --json each message has a line. */
async function listByAge(session: Session, options: ListOptions): Promise<void> {
  const { out } = session;
  const { limit, after, json } = options;
  const pieces = session.pieces<QueueRowsPiece>(options, 'queue.rows', { ...filterArgs(options), limit, ...(after === undefined ? {} : { after }), ...(json ? { replies: true } : {}) });
  const write = out.tablePieces(ENTRY_COLUMNS);
  let count = 0;
  let last: QueueEntry | undefined;
  let about: QueueRowsPiece | undefined;
  let more = false;
  for await (const piece of pieces) {
    const entries = readEntries(piece);
    const shown = entries.slice(0, limit - count);
    more = shown.length < entries.length;
    if (json) out.raw(`${about ? '' : '{"entries":['}${shown.map((entry, at) => `${count + at > 0 ? ',' : ''}\n${JSON.stringify(entry)}`).join('')}`);
    else write(entryRows(shown, piece.now));
    count += shown.length;
    last = shown.at(-1) ?? last;
    about = piece;
    if (more || out.closed) break;
  }
  if (json) return out.raw(`\n],"more":${more},"now":${about?.now}${about?.unknownSites === undefined ? '' : `,"unknownSites":${about.unknownSites}`}}\n`);
  if (count === 0) out.line(NOTHING);
  noteUnknownSites(session, about?.unknownSites);
  if (more) out.note(`there is more: --after ${last?.id}, or a larger --limit`);
}

export function printEntries({ out }: Session, entries: readonly QueueEntry[], now: number, empty: string): void {
  out.table(ENTRY_COLUMNS, entryRows(entries, now), empty);
}

const ENTRY_COLUMNS: readonly Column[] = [
  { title: 'Id' }, { title: 'Age', align: 'right' }, { title: 'Size', align: 'right' }, { title: 'Sender', max: 40 }, { title: 'Recipient', max: 40 }, { title: 'Site', max: 24 }, { title: 'State' }, { title: 'Next try' }, { title: 'Reason', max: 100 },
];

function entryRows(entries: readonly QueueEntry[], now: number): readonly (readonly (string | number)[])[] {
  return entries.flatMap((entry) =>
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
