/** `posthorn queue …`: what waits, why, and orders about it. */
import { Option, type Command } from 'commander';
import { QUEUE_ADMIN_LIMITS } from '../../../base/queue-admin-limits.ts';
import { printable } from '../../../base/table.ts';
import { parseEndpoint } from '../../../config/values.ts';
import type { QueueChange } from '../../../manage/queue/queue.ts';
import { wrapped } from '../wrap.ts';
import { group, leaf, type Registry, wholeNumber } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { filterArgs, idList, noteUnknownSites, withFilter, type FilterOptions } from './queue-filter.ts';
import { addPauses } from './queue-pauses.ts';
import { printStats, type StatsOptions } from './queue-stats.ts';
import { listQueue, printEntries, showMessage, type ListOptions } from './queue-view.ts';
import { explainQueue, type WhyOptions } from './queue-why.ts';

const SORTS = ['oldest', 'newest', 'next', 'size', 'attempts', 'recipient', 'site'];
const GROUPINGS = ['site', 'domain', 'sender', 'stream', 'account', 'state'];

export function add(registry: Registry): void {
  const { session } = registry;
  const queue = group(registry, 'queue', 'the queue: list, show, why, retry, hold, release, bounce, delete, reroute, stats, pause, resume, pauses');
  addViews(registry, queue);
  addOrder(registry, queue, { name: 'retry', summary: 'try again now', done: 'retried' });
  addOrder(registry, queue, { name: 'hold', summary: 'keep from being tried', done: 'held' });
  addOrder(registry, queue, { name: 'release', summary: 'let held messages go', done: 'released' });
  addOrder(registry, queue, { name: 'bounce', summary: 'return to the sender', done: 'bounced' });
  addOrder(registry, queue, { name: 'delete', summary: 'drop without telling the sender', done: 'deleted' });
  addOrder(registry, queue, { name: 'reroute', summary: 'send another way', done: 'sent another way', more: rerouteTarget }).requiredOption(
    '--to <way>', 'relay:HOST[:PORT] for a server that takes it, mx for the MX records, default to take an earlier reroute back',
  );
  addPauses(registry, queue);
  withFilter(leaf<StatsOptions>(registry, queue, 'stats', 'what waits by site and age', '', (options) => printStats(session, options)))
    .addOption(new Option('--by <what>', 'what the rows are').choices(GROUPINGS).default('site'))
    .option('--limit <n>', 'at most so many rows', wholeNumber(1, QUEUE_ADMIN_LIMITS.groupsMax), 30);
}

function addViews(registry: Registry, queue: Command): void {
  const { session } = registry;
  withFilter(leaf<ListOptions>(registry, queue, 'list', 'what waits, oldest first', '', (options) => listQueue(session, options)))
    .addOption(new Option('--sort <order>', 'oldest first, or by something else').choices(SORTS).default('oldest'))
    .option('--limit <n>', 'at most so many messages', wholeNumber(1, 1_000_000_000), 100)
    .option('--after <id>', 'go on behind this message (in order of age)');
  leaf<CommonOptions>(registry, queue, 'show', 'one message with all its recipients', '<id>', (options, id) => showMessage(session, options, id));
  withFilter(
    leaf<WhyOptions>(registry, queue, 'why', 'why it waits, what was answered last, when the next try is', '[ids...]', (options, ids) => explainQueue(session, options, ids)),
  )
    .option('--each', 'one paragraph for each recipient instead of one for each reason')
    .option('--limit <n>', 'at most so many messages', wholeNumber(1, 10_000), 1000);
}

interface OrderOptions extends FilterOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly to?: string;
}

interface OrderCommand {
  readonly name: string;
  readonly summary: string;
  readonly done: string;
  /** Further arguments of the verb. */
  readonly more?: (options: OrderOptions) => Record<string, unknown>;
}

function addOrder(registry: Registry, queue: Command, { name, summary, done, more }: OrderCommand): Command {
  const { session } = registry;
  return withFilter(
    leaf<OrderOptions>(registry, queue, name, `${summary}: the named messages, those that a filter selects, or --all`, '[ids...]', async (options, given) => {
      const ids = idList(given);
      const filter = filterArgs(options);
      if (ids.length === 0 && !options.all && Object.keys(filter).length === 0) {
        throw new UsageError('say which messages: queue ids, a filter such as --domain, or --all');
      }
      const result = await session.call<QueueChange>(options, `queue.${name}`, {
        ...filter,
        ...(ids.length > 0 ? { ids } : options.all ? { all: true } : {}),
        ...(options.dryRun ? { dryRun: true } : {}),
        ...(options.reason === undefined ? {} : { note: options.reason }),
        ...more?.(options),
      });
      printChange(session, options, result, done);
      // Who names messages means some that are there; --all of an empty queue is done.
      return result.recipients === 0 && !options.all ? 1 : 0;
    }),
  )
    .option('--all', 'everything that waits')
    .option('--dry-run', 'say how many it would be, show a few, change nothing')
    .option('--reason <text>', 'why, for the timeline; with bounce the sender reads it');
}

function printChange(session: Session, options: CommonOptions, change: QueueChange, done: string): void {
  const { out } = session;
  if (options.json) return out.json(change);
  if (change.recipients === 0) out.line(`Nothing matches that could be ${done}: nothing was changed.`);
  const what = `${change.recipients} recipient${change.recipients === 1 ? '' : 's'} of ${change.messages} message${change.messages === 1 ? '' : 's'}`;
  if (change.recipients > 0) out.line(change.dryRun ? `${what} would be ${done}; nothing was changed` : `${what} ${done}`);
  noteUnknownSites(session, change.unknownSites);
  if (change.stillWaiting) printStillWaiting(session, change);
  if (change.sample?.length) {
    out.line(change.sample.length < change.messages ? 'the first of them:' : 'these:');
    printEntries(session, change.sample, change.now ?? Date.now(), '');
  }
}

function printStillWaiting({ out }: Session, { recipients, stillWaiting = [] }: QueueChange): void {
  const waiting = stillWaiting.reduce((sum, { recipients: count }) => sum + count, 0);
  const lookedAt = recipients > QUEUE_ADMIN_LIMITS.recipientsFollowed ? ` of the first ${QUEUE_ADMIN_LIMITS.recipientsFollowed}` : '';
  out.line(`${waiting}${lookedAt} still ${waiting === 1 ? 'waits' : 'wait'}:`);
  for (const { recipients: count, reason } of stillWaiting) for (const line of wrapped(`${count}× ${printable(reason)}`, 100, '  ', '    ')) out.line(line);
}

const SMTP_PORT = 25;

function rerouteTarget({ to = '' }: OrderOptions): Record<string, unknown> {
  if (to === 'mx' || to === 'default') return { to };
  const given = to.replace(/^relay[: ]/, '');
  const address = parseEndpoint(given.replace(/^\[(.*)\]$/, '$1'), SMTP_PORT);
  if (address) return { to: { host: address.address, port: address.port } };
  const match = /^([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::(\d{1,5}))?$/.exec(given);
  const port = Number(match?.[2] ?? SMTP_PORT);
  if (!match || port < 1 || port > 65_535) throw new UsageError(`--to ${to}: give relay:HOST[:PORT], mx or default`);
  return { to: { host: match[1], port } };
}
