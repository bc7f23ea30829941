/** `posthorn queue …` */
import { Option, type Command } from 'commander';
import { printable } from '../../../base/table.ts';
import type { QueueChange, QueueEntry, QueueExplanation } from '../../../manage/queue.ts';
import { group, leaf, type Registry, wholeNumber } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { age, formatReply, formatSize, moment } from '../words.ts';

interface FilterOptions extends CommonOptions {
  readonly sender?: string;
  readonly recipient?: string;
  readonly domain?: string;
  readonly state?: 'queued' | 'held';
  readonly all?: boolean;
  readonly limit?: number;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const queue = group(registry, 'queue', 'the queue: list, show, why, retry, hold, release, bounce, delete, stats');
  withFilter(
    leaf<FilterOptions>(registry, queue, 'list', 'what waits, oldest first', '', (options) => list(session, options)),
  ).option('--limit <n>', 'at most so many messages', wholeNumber(1, 10_000), 100);
  leaf<CommonOptions>(registry, queue, 'show', 'one message with all its recipients', '<id>', (options, id) => show(session, options, id));
  withFilter(
    leaf<FilterOptions>(registry, queue, 'why', 'why it waits, what was answered last, when the next try is', '[ids...]', (options, ids) => why(session, options, ids)),
  );
  addOrder(registry, queue, 'retry', 'try again now', 'retried');
  addOrder(registry, queue, 'hold', 'keep from being tried', 'held');
  addOrder(registry, queue, 'release', 'let held messages go', 'released');
  addOrder(registry, queue, 'bounce', 'return to the sender', 'bounced');
  addOrder(registry, queue, 'delete', 'drop without telling the sender', 'deleted');
  leaf<CommonOptions>(registry, queue, 'stats', 'counts by state and by domain', '', (options) => stats(session, options));
}

function withFilter(command: Command): Command {
  return command
    .option('--sender <address>', 'only from this envelope sender; "<>" for bounces')
    .option('--recipient <address>', 'only to this recipient')
    .option('--domain <domain>', 'only to recipients of this domain')
    .addOption(new Option('--state <state>', 'only in this state').choices(['queued', 'held']));
}

function filterArgs({ sender, recipient, domain, state }: FilterOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ sender, recipient, domain, state }).filter(([, value]) => value !== undefined));
}

function idList(ids: unknown): string[] {
  return [ids ?? []].flat() as string[];
}

function addOrder(registry: Registry, queue: Command, name: string, summary: string, done: string): void {
  const { session } = registry;
  withFilter(
    leaf<FilterOptions>(registry, queue, name, `${summary}: the named messages, those that a filter selects, or --all`, '[ids...]', async (options, given) => {
      const ids = idList(given);
      const filter = filterArgs(options);
      if (ids.length === 0 && !options.all && Object.keys(filter).length === 0) throw new UsageError(`say which messages: queue ids, a filter such as --domain, or --all`);
      const result = await session.call<QueueChange>(options, `queue.${name}`, ids.length > 0 ? { ids } : { ...filter, ...(options.all && { all: true }) });
      if (options.json) session.out.json(result);
      else session.out.line(`${result.recipients} recipient${result.recipients === 1 ? '' : 's'} of ${result.messages} message${result.messages === 1 ? '' : 's'} ${done}`);
    }),
  ).option('--all', 'everything that waits');
}

async function list(session: Session, options: FilterOptions): Promise<void> {
  const { out } = session;
  const result = await session.call<{ entries: readonly QueueEntry[]; more: boolean; now: number }>(options, 'queue.list', { ...filterArgs(options), limit: options.limit });
  if (options.json) return out.json(result);
  const { now } = result;
  const rows = result.entries.flatMap((entry) =>
    entry.recipients.map((recipient, at) => [
      at === 0 ? entry.id : '',
      at === 0 ? age(now - entry.queuedAt) : '',
      at === 0 ? formatSize(entry.sizeBytes) : '',
      at === 0 ? entry.sender || '<>' : '',
      recipient.address,
      recipient.state === 'held' ? 'held' : recipient.attempts === 0 ? 'new' : `${recipient.attempts} tried`,
      recipient.state === 'queued' ? moment(recipient.nextAttemptAt, now) : '',
      recipient.reason ?? '',
    ]),
  );
  out.table(
    [{ title: 'Id' }, { title: 'Age', align: 'right' }, { title: 'Size', align: 'right' }, { title: 'Sender', max: 40 }, { title: 'Recipient', max: 40 }, { title: 'State' }, { title: 'Next try' }, { title: 'Reason', max: 100 }],
    rows,
    'the queue is empty',
  );
  if (result.more) out.note(`there is more; see it with --limit or a filter`);
}

interface QueueDetails extends QueueEntry {
  readonly origin: { readonly kind: string; readonly clientAddress?: string; readonly account?: string };
  readonly messageId?: string;
  readonly headerFrom?: string;
  readonly now: number;
}

async function show(session: Session, options: CommonOptions, id: string | undefined): Promise<void> {
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
    ['Queued', new Date(entry.queuedAt).toISOString()],
    ['Expires', new Date(entry.expiresAt).toISOString()],
  ]);
  const { now } = entry;
  for (const recipient of entry.recipients) {
    out.line();
    out.facts([
      ['Recipient', recipient.address],
      ['State', recipient.state],
      ['Attempts', recipient.attempts],
      ['Next try', recipient.state === 'queued' ? moment(recipient.nextAttemptAt, now) : undefined],
      ['Reason', recipient.reason],
      ['Last reply', recipient.lastReply && formatReply(recipient.lastReply)],
    ]);
  }
  out.line();
  out.line(`the whole story: posthorn trace ${entry.id}`);
}

async function why(session: Session, options: FilterOptions, given: unknown): Promise<number> {
  const { out } = session;
  const ids = idList(given);
  const rows = await session.call<readonly QueueExplanation[]>(options, 'queue.why', ids.length > 0 ? { ids } : filterArgs(options));
  if (options.json) {
    out.json(rows);
    return 0;
  }
  if (rows.length === 0) out.line('nothing waits');
  for (const row of rows) {
    out.line(`${out.style('bold', row.id)} to ${printable(row.recipient)}: ${row.state}`);
    out.line(`  ${printable(row.reason)}`);
    for (const line of meaningLines(row)) out.line(`  ${line}`);
    if (row.nextAttemptAt !== undefined) out.line(`  next try ${moment(row.nextAttemptAt, row.now)}, given up ${moment(row.expiresAt, row.now)}`);
  }
  return 0;
}

function meaningLines({ lastReply, explanation }: QueueExplanation): string[] {
  return [
    ...(lastReply ? [`reply: ${printable(formatReply(lastReply))}`] : []),
    ...(explanation ? [`meaning: ${explanation.meaning}`, `do: ${explanation.nextStep}`] : []),
  ];
}

interface QueueStats {
  readonly states: readonly { readonly state: string; readonly recipients: number; readonly oldest: string; readonly nextAttemptAt: number }[];
  readonly domains: readonly { readonly domain: string; readonly recipients: number }[];
  readonly inFlight?: number;
}

async function stats(session: Session, options: CommonOptions): Promise<void> {
  const { out } = session;
  const result = await session.call<QueueStats>(options, 'queue.stats', {});
  if (options.json) return out.json(result);
  out.table([{ title: 'State' }, { title: 'Recipients', align: 'right' }, { title: 'Oldest' }], result.states.map((row) => [row.state, row.recipients, row.oldest]), 'the queue is empty');
  if (result.inFlight !== undefined) out.line(`being delivered now: ${result.inFlight}`);
  if (result.domains.length === 0) return;
  out.line();
  out.table([{ title: 'Domain' }, { title: 'Waiting', align: 'right' }], result.domains.map((row) => [row.domain, row.recipients]), '');
}
