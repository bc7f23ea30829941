/**
 * `mail`: writes a message when recipients are named, reads the mailbox when none are, and answers scripts
 * (`mail list|read|reply|delete|search|folders|undelete|keep|expire`). A user called "list" is reached with `mail -- list`.
 */
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { type Session, UsageError } from '../cli/session.ts';
import { callVerb } from '../control/client.ts';
import { type CallVerb, MailboxClient } from '../mailx/mailbox-client.ts';
import { type MailOptions, parseMailOptions } from '../mailx/options.ts';
import { readMode } from '../mailx/prompt.ts';
import { isSeen, summaryLine } from '../mailx/rendering.ts';
import { runScript, SCRIPT_COMMANDS } from '../mailx/script.ts';
import { runThrownAway, THROWN_AWAY_COMMANDS } from '../mailx/thrown-away.ts';
import { sendMode } from '../mailx/send-mode.ts';
import { qualify } from '../submit/prepare-message.ts';
import { currentSubmitter } from '../submit/submitter.ts';

export async function run(args: readonly string[], session: Session): Promise<number> {
  const { globals, rest } = leadingGlobals(args);
  const script = SCRIPT_COMMANDS.find((name) => name === rest[0]);
  if (script) return runScript(script, [...globals, ...rest.slice(1)], { session, open: (options, account) => open(session, options, account) });
  const thrownAway = THROWN_AWAY_COMMANDS.find((name) => name === rest[0]);
  if (thrownAway) return runThrownAway(thrownAway, [...globals, ...rest.slice(1)], session);
  const parsed = parseMailOptions([...globals.filter((word, at) => word === '--config' || globals[at - 1] === '--config'), ...rest]);
  if (parsed.kind === 'wrong') throw new UsageError(`mail: ${parsed.message}`);
  const { options } = parsed;
  const named = options.config === undefined ? {} : { config: options.config };
  if (options.mode === 'send') return sendMode(session, session.config(named), options);
  return readMailbox(session, named, options);
}

/** `posthorn --config F mail …` and `posthorn mail --config F list …` mean the same. */
function leadingGlobals(args: readonly string[]): { globals: readonly string[]; rest: readonly string[] } {
  let at = 0;
  while (args[at] === '--config' || args[at] === '--dns') at += 2;
  return { globals: args.slice(0, at), rest: args.slice(at) };
}

async function open(session: Session, options: { config?: string }, named: string | undefined): Promise<{ config: Config; mailbox: MailboxClient }> {
  const config = session.config(options);
  const call: CallVerb = (name, args) => callVerb(config, name, args, session.ports);
  const submitter = currentSubmitter(config, session.io.environment);
  const account = await findAccount(named ?? submitter.user, submitter.origin, call);
  const hinting: CallVerb = async (name, args) => {
    try {
      return await call(name, args);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'account-unknown' || named !== undefined) throw error;
      throw new Failure(error.code, `there is no account ${account}; name yours with -u ADDRESS`, { temporary: false });
    }
  };
  return { config, mailbox: new MailboxClient(account, hinting) };
}

/** A name without a domain is that of the origin, else of the only account that is called so. */
async function findAccount(name: string, origin: string, call: CallVerb): Promise<string> {
  if (name.includes('@')) return name;
  const { accounts } = (await call('account.list', {})) as { accounts: readonly { address: string }[] };
  const wanted = name.toLowerCase();
  const called = accounts.map(({ address }) => address).filter((address) => address.slice(0, address.lastIndexOf('@')).toLowerCase() === wanted);
  const whole = qualify(name, origin);
  return called.length === 1 && !called.includes(whole) ? (called[0] as string) : whole;
}

async function readMailbox(session: Session, named: { config?: string }, options: MailOptions): Promise<number> {
  const { config, mailbox } = await open(session, named, options.account);
  const folder = (options.folder ?? 'INBOX').replace(/^\+/, '');
  if (options.mode === 'read') return readMode({ session, config, mailbox, folder });
  const messages = await mailbox.list(folder);
  if (options.mode === 'test') return messages.length > 0 ? 0 : 1;
  const current = Math.max(0, messages.findIndex((message) => !isSeen(message)));
  for (const [at, message] of messages.entries()) session.out.line(summaryLine(message, { number: at + 1, current: at === current, deleted: false }, session.io.stdout.columns ?? 100));
  return messages.length > 0 ? 0 : 1;
}
