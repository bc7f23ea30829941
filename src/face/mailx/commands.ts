/** The commands of the mail prompt: one row each, with what `?` shows. */
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Box, BoxEntry } from './box.ts';
import { quote } from './compose-input.ts';
import { type Draft, emptyDraft } from './draft.ts';
import type { MailboxClient } from './mailbox-client.ts';
import { selectMessages } from './message-list.ts';
import { messageLines, readableMessage } from './rendering.ts';
import { replyDraft } from './reply.ts';

/** What a command can see and do. */
export interface PromptState {
  box: Box;
  screen: number;
  readonly screenLines: number;
  readonly mailbox: MailboxClient;
  readonly cwd: string;
  say(text: string): void;
  showHeaders(numbers?: readonly number[]): void;
  showScreenOf(number: number): void;
  openFolder(folder: string): Promise<void>;
  /** Lets the user write; true when it was sent. */
  write(draft: Draft, original: string | undefined): Promise<boolean>;
  help(): void;
}

type End = 'quit' | 'exit' | void;

export interface PromptCommand {
  /** The first is the one in documents; an unambiguous beginning of any will do. */
  readonly names: readonly string[];
  readonly argument: string;
  readonly help: string;
  run(state: PromptState, argument: string): Promise<End>;
}

/** Runs `work` on the messages of a list, or says why there are none. */
async function onMessages(state: PromptState, list: string, work: (numbers: readonly number[]) => Promise<void>): Promise<void> {
  const selection = selectMessages(list, state.box.listed(), state.box.current);
  if (selection.kind === 'none') return state.say(selection.message);
  const present = selection.numbers.filter((number) => !state.box.entry(number)?.gone);
  if (present.length === 0) return state.say('that message was moved away');
  await work(present);
}

async function show(state: PromptState, number: number): Promise<void> {
  const bytes = await state.box.read(number);
  state.say(`Message ${number}:`);
  for (const line of messageLines(bytes)) state.say(line);
  state.say('');
}

async function showNeighbour(state: PromptState, step: 1 | -1): Promise<void> {
  const { box } = state;
  const entry = box.entry(box.current);
  // The first "next" after opening shows the current message, as mailx does.
  const fresh = step === 1 && entry && !entry.seen && !entry.deleted && !entry.gone;
  const number = fresh ? box.current : box.neighbour(step);
  if (number === undefined) return state.say(step === 1 ? 'At EOF' : 'At the first message');
  await show(state, number);
}

async function mark(state: PromptState, list: string, change: (entry: BoxEntry) => void): Promise<void> {
  await onMessages(state, list, async (numbers) => {
    for (const number of numbers) change(state.box.entry(number) as BoxEntry);
  });
}

async function remove(state: PromptState, list: string): Promise<void> {
  await onMessages(state, list, async (numbers) => {
    for (const number of numbers) (state.box.entry(number) as BoxEntry).deleted = true;
    state.box.current = numbers.at(-1) as number;
    state.box.current = state.box.neighbour(1) ?? state.box.neighbour(-1) ?? state.box.current;
  });
}

async function reply(state: PromptState, list: string, all: boolean): Promise<void> {
  await onMessages(state, list, async ([number]) => {
    const bytes = await state.box.read(number as number);
    const sent = await state.write(replyDraft(bytes, state.mailbox.account, all), readableMessage(bytes).text);
    if (sent) await state.box.flag([number as number], 'add', ['\\Answered']);
  });
}

async function forward(state: PromptState, argument: string): Promise<void> {
  const match = /^(?:(.*?)\s+)?(\S+@?\S*)$/.exec(argument);
  if (!match) return state.say('say to whom: forward [LIST] ADDRESS');
  await onMessages(state, match[1] ?? '', async ([number]) => {
    const bytes = await state.box.read(number as number);
    const { fields, text } = readableMessage(bytes);
    const subject = fields.find(([name]) => name === 'Subject')?.[1] ?? '';
    const head = fields.map(([name, value]) => `${name}: ${value}`).join('\n');
    await state.write({ ...emptyDraft(), from: state.mailbox.account, to: [match[2] as string], subject: `Fwd: ${subject}`, text: `-------- Forwarded message --------\n${head}\n\n${text}\n` }, quote(text));
  });
}

/** `save [LIST] FOLDER`: the last word is where to. */
async function transfer(state: PromptState, argument: string, verb: 'move' | 'copy'): Promise<void> {
  const match = /^(?:(.*?)\s+)?"?([^\s"]+)"?$/.exec(argument);
  if (!match) return state.say(`say where to: ${verb} [LIST] FOLDER`);
  const target = (match[2] as string).replace(/^\+/, '');
  await onMessages(state, match[1] ?? '', async (numbers) => {
    await state.box.transfer(verb, numbers, target);
    state.say(`${numbers.length} message${numbers.length === 1 ? '' : 's'} ${verb === 'move' ? 'moved' : 'copied'} to ${target}`);
  });
}

/** `write [LIST] FILE`: the text, into a file that must not be there yet. */
async function writeFile(state: PromptState, argument: string): Promise<void> {
  const match = /^(?:(.*?)\s+)?(\S+)$/.exec(argument);
  if (!match) return state.say('say into which file: write [LIST] FILE');
  const path = resolve(state.cwd, match[2] as string);
  if (existsSync(path)) return state.say(`${match[2]} exists already`);
  await onMessages(state, match[1] ?? '', async (numbers) => {
    const texts: string[] = [];
    for (const number of numbers) texts.push(messageLines(await state.box.read(number)).join('\n'));
    writeFileSync(path, `${texts.join('\n\n')}\n`, { flag: 'wx', mode: 0o600 });
    state.say(`"${match[2]}" written`);
  });
}

export const COMMANDS: readonly PromptCommand[] = [
  { names: ['print', 'type', 'p', 't'], argument: '[LIST]', help: 'show messages; a number alone does too', run: (state, list) => onMessages(state, list, async (numbers) => { for (const number of numbers) await show(state, number); }) },
  { names: ['next', 'n', '+'], argument: '', help: 'show the next message', run: (state, list) => (list === '' ? showNeighbour(state, 1) : onMessages(state, list, ([number]) => show(state, number as number))) },
  { names: ['-', 'previous'], argument: '', help: 'show the message before', run: (state) => showNeighbour(state, -1) },
  { names: ['headers', 'h'], argument: '[NUMBER]', help: 'list the messages around', run: async (state, list) => state.showScreenOf(Number(list) || state.box.current) },
  { names: ['from', 'f'], argument: '[LIST]', help: 'list these messages', run: (state, list) => onMessages(state, list, async (numbers) => state.showHeaders(numbers)) },
  { names: ['z'], argument: '[+|-]', help: 'next or previous screen of the list', run: async (state, sign) => state.showScreenOf(Math.min(Math.max(1, state.screen + (sign === '-' ? -1 : 1) * state.screenLines), Math.max(1, state.box.entries.length))) },
  { names: ['delete', 'd'], argument: '[LIST]', help: 'delete, when you quit', run: remove },
  { names: ['dp', 'dt'], argument: '', help: 'delete and show the next', run: async (state, list) => { await remove(state, list); const entry = state.box.entry(state.box.current); if (entry && !entry.deleted) await show(state, state.box.current); } },
  { names: ['undelete', 'u'], argument: '[LIST]', help: 'take back a deletion', run: (state, list) => mark(state, list === '' ? ':d' : list, (entry) => { entry.deleted = false; }) },
  { names: ['reply', 'r', 'respond'], argument: '[LIST]', help: 'answer everybody who got it', run: (state, list) => reply(state, list, true) },
  { names: ['Reply', 'R', 'Respond'], argument: '[LIST]', help: 'answer the sender only', run: (state, list) => reply(state, list, false) },
  { names: ['mail', 'm'], argument: 'ADDRESS', help: 'write a message', run: async (state, address) => void (address === '' ? state.say('say to whom: mail ADDRESS') : await state.write({ ...emptyDraft(), from: state.mailbox.account, to: [address] }, undefined)) },
  { names: ['forward', 'fwd'], argument: '[LIST] ADDRESS', help: 'pass a message on', run: forward },
  { names: ['save', 's', 'move', 'mv'], argument: '[LIST] FOLDER', help: 'move to a folder', run: (state, argument) => transfer(state, argument, 'move') },
  { names: ['copy', 'c'], argument: '[LIST] FOLDER', help: 'copy to a folder', run: (state, argument) => transfer(state, argument, 'copy') },
  { names: ['write', 'w'], argument: '[LIST] FILE', help: 'put the text into a file', run: writeFile },
  { names: ['unread', 'U', 'new'], argument: '[LIST]', help: 'mark as not read', run: (state, list) => onMessages(state, list, (numbers) => state.box.flag(numbers, 'remove', ['\\Seen'])) },
  { names: ['read', 'seen', 'touch'], argument: '[LIST]', help: 'mark as read', run: (state, list) => onMessages(state, list, (numbers) => state.box.flag(numbers, 'add', ['\\Seen'])) },
  { names: ['folder', 'fo', 'file', 'fi', 'cd'], argument: '[FOLDER]', help: 'open another folder', run: async (state, folder) => (folder === '' ? state.say(state.box.folder) : state.openFolder(folder.replace(/^\+/, ''))) },
  { names: ['folders'], argument: '', help: 'list the folders', run: async (state) => { for (const row of await state.mailbox.folders()) state.say(`${row.name.padEnd(24)} ${String(row.messages).padStart(6)} messages ${String(row.unseen).padStart(6)} unread`); } },
  { names: ['='], argument: '', help: 'number of the current message', run: async (state) => state.say(String(state.box.current)) },
  { names: ['quit', 'q'], argument: '', help: 'leave; deletions happen now', run: async () => 'quit' },
  { names: ['exit', 'x', 'xit'], argument: '', help: 'leave, and forget the deletions', run: async () => 'exit' },
  { names: ['help', '?'], argument: '', help: 'this list', run: async (state) => state.help() },
];

function named(name: string): PromptCommand | undefined {
  const exact = COMMANDS.find(({ names }) => names.includes(name));
  if (exact || name.length < 2) return exact;
  return COMMANDS.find(({ names }) => names.some((known) => known.startsWith(name)));
}

/** The command of a line and the rest of it; an empty line is `next`, a number shows that message. */
export function findCommand(line: string): { command: PromptCommand; argument: string } | undefined {
  if (line === '') return { command: named('next') as PromptCommand, argument: '' };
  if (/^[0-9.^$*]/.test(line)) return { command: named('print') as PromptCommand, argument: line };
  const match = /^([A-Za-z]+|[-+=?])\s*(.*)$/.exec(line);
  const command = match && named(match[1] as string);
  return command ? { command, argument: (match?.[2] ?? '').trim() } : undefined;
}
