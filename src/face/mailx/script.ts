/** `posthorn mail list|read|reply|delete|search|folders`: the mailbox for scripts, with --json. */
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { MessageSummary } from '../../manage/mailbox/mailbox.ts';
import { type Session, UsageError } from '../cli/session.ts';
import { readAll } from '../drop-in/streams.ts';
import { reportHandOver, sendDraft, textOfInput } from './draft.ts';
import { MailboxClient } from './mailbox-client.ts';
import { isSeen, messageLines, readableMessage, summaryLine } from './rendering.ts';
import { replyDraft } from './reply.ts';
import { parseScriptOptions } from './script-options.ts';

export const SCRIPT_COMMANDS = ['list', 'read', 'reply', 'delete', 'search', 'folders'] as const;
type ScriptCommand = (typeof SCRIPT_COMMANDS)[number];

const OPTIONS = {
  account: { type: 'string', short: 'u' },
  folder: { type: 'string', short: 'f' },
  json: { type: 'boolean', default: false },
  uid: { type: 'boolean', default: false },
  raw: { type: 'boolean', default: false },
  peek: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  config: { type: 'string', short: 'c' },
  dns: { type: 'string' },
} as const;

interface Context {
  readonly session: Session;
  readonly config: Config;
  readonly mailbox: MailboxClient;
  readonly folder: string;
  readonly json: boolean;
  readonly uid: boolean;
  readonly raw: boolean;
  readonly peek: boolean;
  readonly all: boolean;
}

export interface ScriptPorts {
  readonly session: Session;
  /** The configuration named, and a mailbox of the account named (default: the user's own). */
  open(options: { config?: string }, account: string | undefined): Promise<{ config: Config; mailbox: MailboxClient }>;
}

export async function runScript(command: ScriptCommand, args: readonly string[], ports: ScriptPorts): Promise<number> {
  const { values, positionals } = parseScriptOptions(command, args, OPTIONS, { terms: command === 'search' });
  // `search ADDRESS QUERY…`, and `search QUERY… --account ADDRESS`.
  const addressFirst = command === 'search' && values.account === undefined && positionals.length > 1 && /^[^\s:"@]+@[^\s:"@]+$/.test(positionals[0] as string);
  const words = addressFirst ? positionals.slice(1) : positionals;
  const opened = await ports.open(values.config === undefined ? {} : { config: values.config }, addressFirst ? positionals[0] : values.account);
  const context: Context = { session: ports.session, ...opened, folder: values.folder ?? 'INBOX', json: values.json, uid: values.uid, raw: values.raw, peek: values.peek, all: values.all };
  switch (command) {
    case 'list':
      return list(context);
    case 'search':
      return search(context, words, values.folder);
    case 'folders':
      return folders(context);
    case 'read':
      return read(context, positionals);
    case 'reply':
      return reply(context, positionals);
    case 'delete':
      return remove(context, positionals);
  }
}

type Numbered = MessageSummary & { readonly number: number };

async function numbered({ mailbox, folder }: Context): Promise<readonly Numbered[]> {
  return (await mailbox.list(folder)).map((message, at) => ({ number: at + 1, ...message }));
}

async function list(context: Context): Promise<number> {
  return show(context, await numbered(context), `no messages in ${context.folder} of ${context.mailbox.account}`);
}

function show({ session, json, folder, mailbox }: Context, messages: readonly Numbered[], none: string): number {
  if (json) session.out.json({ account: mailbox.account, folder, messages: messages.map((message) => ({ ...message, seen: isSeen(message) })) });
  else if (messages.length === 0) session.out.line(none);
  else for (const message of messages) session.out.line(summaryLine(message, { number: message.number, current: false, deleted: message.flags.includes('\\Deleted') }, 120));
  return 0;
}

/** Words and `field:value` terms (mail/search-query.ts), in all folders unless one is named. Marks nothing as read. */
async function search({ session, mailbox, json }: Context, words: readonly string[], folder: string | undefined): Promise<number> {
  if (words.length === 0) throw new UsageError('say what to search for: posthorn mail search ADDRESS QUERY…');
  // A word that the shell kept together stays so.
  const query = words.map((word) => (/\s/.test(word) && !word.includes('"') ? quoted(word) : word)).join(' ');
  const { total, messages } = await mailbox.search(query, folder);
  if (json) session.out.json({ account: mailbox.account, total, messages: messages.map((message) => ({ ...message, seen: isSeen(message) })) });
  else if (total === 0) session.out.line(`nothing in ${folder ?? 'the folders'} of ${mailbox.account} fits`);
  else {
    const rows = messages.map((message) => [message.folder, summaryLine(message, { number: message.number, current: false, deleted: message.flags.includes('\\Deleted') }, 120)]);
    session.out.table([{ title: 'Folder' }, { title: 'Message' }], rows, '');
    if (total > messages.length) session.out.note(`${total} messages fit; the newest ${messages.length} are shown`);
  }
  return 0;
}

/** `from:ann lee` means the whole name. */
function quoted(word: string): string {
  const field = /^-?[A-Za-z]{2,10}:/.exec(word)?.[0] ?? '';
  return `${field}"${word.slice(field.length)}"`;
}

async function folders({ mailbox, session, json }: Context): Promise<number> {
  const rows = await mailbox.folders();
  if (json) session.out.json({ account: mailbox.account, folders: rows });
  else session.out.table([{ title: 'Folder' }, { title: 'Messages', align: 'right' }, { title: 'Unread', align: 'right' }], rows.map((row) => [row.name, row.messages, row.unseen]), 'no folders');
  return 0;
}

/** The UIDs behind the numbers of `list`, or the numbers themselves with --uid. */
async function uidsOf(context: Context, words: readonly string[]): Promise<readonly number[]> {
  const given = words.map((word) => {
    if (!/^[1-9]\d{0,9}$/.test(word)) throw new UsageError(`"${word}" is not a message number; posthorn mail list shows them`);
    return Number(word);
  });
  if (given.length === 0) throw new UsageError('say which message, by its number in posthorn mail list');
  if (context.uid) return given;
  const messages = await numbered(context);
  return given.map((number) => {
    const message = messages[number - 1];
    if (!message) throw new Failure('message-unknown', `there is no message ${number}; ${context.folder} of ${context.mailbox.account} has ${messages.length}`, { temporary: false });
    return message.uid;
  });
}

async function read(context: Context, words: readonly string[]): Promise<number> {
  const { session, mailbox, folder } = context;
  const results: unknown[] = [];
  for (const uid of await uidsOf(context, words)) {
    const { content, ...message } = await mailbox.read(folder, uid, context.peek);
    const bytes = Buffer.from(content, 'base64');
    if (context.json) results.push({ ...message, ...readableMessage(bytes), ...(context.raw && { content }) });
    else if (context.raw) session.out.raw(bytes);
    else for (const line of messageLines(bytes)) session.out.line(line);
  }
  if (context.json) session.out.json(results.length === 1 ? results[0] : { messages: results });
  return 0;
}

async function reply(context: Context, words: readonly string[]): Promise<number> {
  const { session, config, mailbox, folder } = context;
  const [uid] = await uidsOf(context, words.slice(0, 1));
  const { content } = await mailbox.read(folder, uid as number, true);
  const draft = replyDraft(Buffer.from(content, 'base64'), mailbox.account, context.all);
  draft.text = textOfInput(await readAll(session.io.stdin, config.smtp.maxMessageSize));
  const outcome = await sendDraft(session, config, draft);
  const status = reportHandOver(session, outcome, false);
  if (status === 0) await mailbox.flag(folder, [uid as number], 'add', ['\\Answered', '\\Seen']);
  if (context.json) session.out.json(outcome);
  return status;
}

async function remove(context: Context, words: readonly string[]): Promise<number> {
  const uids = await uidsOf(context, words);
  await context.mailbox.remove(context.folder, uids);
  if (context.json) context.session.out.json({ deleted: uids });
  return 0;
}
