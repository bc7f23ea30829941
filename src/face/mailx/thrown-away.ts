/** `posthorn mail undelete|keep|expire`: mail that was thrown away, brought back or let go. */
import { parseDuration } from '../../config/values.ts';
import type { RetentionResult, ThrownAway } from '../../manage/mailbox/mailbox-retention.ts';
import { type Session, UsageError } from '../cli/session.ts';
import { moment } from '../cli/words.ts';
import { parseScriptOptions } from './script-options.ts';

export const THROWN_AWAY_COMMANDS = ['undelete', 'keep', 'expire'] as const;
type ThrownAwayCommand = (typeof THROWN_AWAY_COMMANDS)[number];

const OPTIONS = {
  account: { type: 'string', short: 'u' },
  folder: { type: 'string', short: 'f' },
  since: { type: 'string' },
  list: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  config: { type: 'string', short: 'c' },
  dns: { type: 'string' },
} as const;

export async function runThrownAway(command: ThrownAwayCommand, args: readonly string[], session: Session): Promise<number> {
  const { values, positionals } = parseScriptOptions(command, args, OPTIONS);
  const call = <Result>(verb: string, given: unknown): Promise<Result> => session.call<Result>(values.config === undefined ? {} : { config: values.config }, verb, given);
  if (command === 'expire') return expire(session, values.json, await call<RetentionResult>('mailbox.expire', {}));
  const [address, ...rest] = values.account === undefined ? positionals : [values.account, ...positionals];
  if (address === undefined) throw new UsageError(`say whose mail: posthorn mail ${command} ADDRESS`);
  if (command === 'keep') return keep(session, values.json, call, address, rest);
  if (rest.length > 0) throw new UsageError('posthorn mail undelete ADDRESS [--folder F] [--since 2d] [--list]');
  const selection = { account: address, ...(values.folder === undefined ? {} : { folder: values.folder }), ...(values.since === undefined ? {} : { since: momentOf(values.since) }) };
  if (values.list) return list(session, values.json, await call('mailbox.expunged', selection));
  const result = await call<{ account: string; restored: number }>('mailbox.undelete', selection);
  if (values.json) session.out.json(result);
  else session.out.line(result.restored === 0 ? `nothing of ${result.account} can be brought back` : result.restored === 1 ? `1 message of ${result.account} is back in its folder` : `${result.restored} messages of ${result.account} are back in their folders`);
  return result.restored === 0 ? 1 : 0;
}

/** `2d` ago, or a date; milliseconds since 1970. */
function momentOf(text: string): number {
  const duration = parseDuration(text);
  const at = duration === undefined ? Date.parse(text) : Date.now() - duration;
  if (Number.isNaN(at) || at < 0) throw new UsageError('--since takes a time such as 2d or 2026-11-20');
  return at;
}

function list({ out }: Session, json: boolean, result: { messages: readonly ThrownAway[]; undeleteMs: number }): number {
  if (json) out.json(result);
  else {
    const rows = result.messages.map((one) => [one.folder, moment(one.expungedAt, Date.now()), one.from[0]?.address ?? '', one.subject]);
    out.table([{ title: 'Folder' }, { title: 'Expunged' }, { title: 'From' }, { title: 'Subject' }], rows, 'nothing can be brought back');
  }
  return result.messages.length === 0 ? 1 : 0;
}

async function keep({ out }: Session, json: boolean, call: <Result>(verb: string, args: unknown) => Promise<Result>, address: string, [folder, time]: readonly string[]): Promise<number> {
  const change = folder === undefined ? {} : { folder, keepMs: keepOf(time) };
  const result = await call<{ account: string; folders: readonly { folder: string; keepMs: number }[] }>('mailbox.keep', { account: address, ...change });
  if (json) out.json(result);
  else out.table([{ title: 'Folder' }, { title: 'Mail is kept' }], result.folders.map((one) => [one.folder, one.keepMs === 0 ? 'for ever' : days(one.keepMs)]), 'every folder keeps mail as the configuration says');
  return 0;
}

function keepOf(time: string | undefined): number | null {
  if (time === 'default') return null;
  if (time === 'forever') return 0;
  const value = time === undefined ? undefined : parseDuration(time);
  if (value === undefined || value === 0) throw new UsageError('say how long: posthorn mail keep ADDRESS FOLDER 30d|forever|default');
  return value;
}

const DAY_MS = 86_400_000;

function days(ms: number): string {
  return ms % DAY_MS === 0 ? `${ms / DAY_MS} d` : `${Math.round(ms / 3_600_000)} h`;
}

function expire({ out }: Session, json: boolean, result: RetentionResult): number {
  if (json) out.json(result);
  else out.line(`${result.expired} messages expunged, ${result.freed} freed`);
  return 0;
}
