/** `posthorn quota …`: what accounts may send. */
import { InvalidArgumentError, Option } from 'commander';
import type { Column } from '../../../base/table.ts';
import type { QuotaStatus } from '../../../manage/mailbox/quota.ts';
import { group, leaf, wholeNumber, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface SetOptions extends CommonOptions {
  readonly messagesPerHour?: number | 'default';
  readonly recipientsPerHour?: number | 'default';
  readonly recipientsPerDay?: number | 'default';
  readonly brake?: 'on' | 'off' | 'default';
}

interface QuotaListing {
  readonly settings: { readonly messagesPerHour: number; readonly recipientsPerHour: number; readonly recipientsPerDay: number; readonly brake: boolean };
  readonly own: readonly { readonly account: string; readonly messagesPerHour: number | null; readonly recipientsPerHour: number | null; readonly recipientsPerDay: number | null; readonly brake: string | null }[];
  readonly busiest: readonly { readonly account: string; readonly messages: number; readonly recipients: number; readonly dead: number }[];
}

const QUOTA_MAX = 100_000_000;

export function add(registry: Registry): void {
  const { session } = registry;
  const quota = group(registry, 'quota', 'what accounts may send: set, show, list');
  leaf<SetOptions>(registry, quota, 'set', 'give an account limits of its own', '<address>', (options, address) => setQuota(session, options, address))
    .option('--messages-per-hour <n>', 'in a clock hour; "default" for the setting', amount)
    .option('--recipients-per-hour <n>', 'in a clock hour; "default" for the setting', amount)
    .option('--recipients-per-day <n>', 'in 24 hours; "default" for the setting', amount)
    .addOption(new Option('--brake <state>', 'the brake that holds mail when it suddenly writes to many strangers').choices(['on', 'off', 'default']));
  leaf<CommonOptions>(registry, quota, 'show', 'what an account may send, and what it sent', '<address>', async (options, address) => {
    show(session, options, await session.call<QuotaStatus>(options, 'quota.show', { account: address }));
  });
  leaf<CommonOptions>(registry, quota, 'list', 'settings, accounts with limits of their own, and who sent most in the last day', '', (options) => list(session, options));
}

function amount(text: string): number | 'default' {
  if (text === 'default') return text;
  try {
    return wholeNumber(1, QUOTA_MAX)(text);
  } catch {
    throw new InvalidArgumentError(`give a whole number from 1 to ${QUOTA_MAX}, or "default".`);
  }
}

async function setQuota(session: Session, options: SetOptions, address: string | undefined): Promise<void> {
  const { messagesPerHour, recipientsPerHour, recipientsPerDay, brake } = options;
  const wanted = Object.fromEntries(Object.entries({ messagesPerHour, recipientsPerHour, recipientsPerDay, brake }).filter(([, value]) => value !== undefined));
  if (Object.keys(wanted).length === 0) throw new UsageError('say which limit: --messages-per-hour, --recipients-per-hour, --recipients-per-day or --brake');
  show(session, options, await session.call<QuotaStatus>(options, 'quota.set', { account: address, ...wanted }));
}

function show({ out }: Session, options: CommonOptions, status: QuotaStatus): void {
  if (options.json) return out.json(status);
  const from = (name: string): string => (status.own.includes(name) ? 'its own' : 'the setting');
  const { used, braked } = status;
  out.facts([
    ['Account', status.account],
    ['Messages an hour', `${status.messagesPerHour} (${from('messagesPerHour')}), ${used?.messagesThisHour ?? 0} used`],
    ['Recipients an hour', `${status.recipientsPerHour} (${from('recipientsPerHour')}), ${used?.recipientsThisHour ?? 0} used`],
    ['Recipients a day', `${status.recipientsPerDay} (${from('recipientsPerDay')}), ${used?.recipientsLastDay ?? 0} used`],
    ['Brake', `${status.brake} (${from('brake')}); ${used?.strangersThisHour ?? 0} recipients this hour were never written to before, in the busiest hour of a month ${used?.busiestHour ?? 0}`],
    ['Braked', braked && `since ${new Date(braked.at).toISOString()}: ${braked.reason}`],
  ]);
}

async function list(session: Session, options: CommonOptions): Promise<void> {
  const { out } = session;
  const result = await session.call<QuotaListing>(options, 'quota.list', {});
  if (options.json) return out.json(result);
  const { settings } = result;
  out.facts([
    ['Messages an hour', settings.messagesPerHour],
    ['Recipients an hour', settings.recipientsPerHour],
    ['Recipients a day', settings.recipientsPerDay],
    ['Brake', settings.brake ? 'on' : 'off'],
  ]);
  out.line();
  out.table([{ title: 'Account' }, right('Messages/h'), right('Recipients/h'), right('Recipients/day'), { title: 'Brake' }], result.own.map((row) => [row.account, row.messagesPerHour ?? '', row.recipientsPerHour ?? '', row.recipientsPerDay ?? '', row.brake ?? '']), 'no account has limits of its own');
  out.line();
  out.table([{ title: 'Sent most in the last day' }, right('Messages'), right('Recipients'), right('Dead addresses')], result.busiest.map((row) => [row.account, row.messages, row.recipients, row.dead]), 'no account sent anything in the last day');
}

function right(title: string): Column {
  return { title, align: 'right' };
}
