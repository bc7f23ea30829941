/**
 * `mail`: writes a message when recipients are named, reads the mailbox when none are, and answers scripts
 * (`mail list|read|reply|delete|search|folders`). A user called "list" is reached with `mail -- list`.
 */
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { type Session, UsageError } from '../cli/session.ts';
import { callVerb } from '../control/client.ts';
import { MailboxClient } from '../mailx/mailbox-client.ts';
import { type MailOptions, parseMailOptions } from '../mailx/options.ts';
import { readMode } from '../mailx/prompt.ts';
import { isSeen, summaryLine } from '../mailx/rendering.ts';
import { runScript, SCRIPT_COMMANDS } from '../mailx/script.ts';
import { sendMode } from '../mailx/send-mode.ts';
import { qualify } from '../submit/prepare-message.ts';
import { currentSubmitter } from '../submit/submitter.ts';

export async function run(args: readonly string[], session: Session): Promise<number> {
  const { globals, rest } = leadingGlobals(args);
  const script = SCRIPT_COMMANDS.find((name) => name === rest[0]);
  if (script) return runScript(script, [...globals, ...rest.slice(1)], { session, open: (options, account) => open(session, options, account) });
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

function open(session: Session, options: { config?: string }, account: string | undefined): { config: Config; mailbox: MailboxClient } {
  const config = session.config(options);
  const submitter = currentSubmitter(config, session.io.environment);
  const address = qualify(account ?? submitter.user, submitter.origin);
  return { config, mailbox: new MailboxClient(address, (name, args) => callVerb(config, name, args, session.ports)) };
}

async function readMailbox(session: Session, named: { config?: string }, options: MailOptions): Promise<number> {
  const { config, mailbox } = open(session, named, options.account);
  const folder = (options.folder ?? 'INBOX').replace(/^\+/, '');
  try {
    if (options.mode === 'read') return await readMode({ session, config, mailbox, folder });
    const messages = await mailbox.list(folder);
    if (options.mode === 'test') return messages.length > 0 ? 0 : 1;
    const current = Math.max(0, messages.findIndex((message) => !isSeen(message)));
    for (const [at, message] of messages.entries()) session.out.line(summaryLine(message, { number: at + 1, current: at === current, deleted: false }, session.io.stdout.columns ?? 100));
    return messages.length > 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof Failure && error.code === 'account-unknown' && options.account === undefined) {
      throw new Failure(error.code, `there is no account ${mailbox.account}; name yours with: posthorn mail -u ADDRESS`, { temporary: false });
    }
    throw error;
  }
}
