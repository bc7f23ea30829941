/**
 * Writing a message line by line, with the tilde escapes of mailx. A line with a lone dot, `~.` or the end of input ends it.
 *
 * Two interrupts in a row give the message up; what was written is then kept in dead.letter. No escape runs a shell; ~e and ~v start the editor that $EDITOR or $VISUAL name, without one.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { printableLines } from '../../base/table.ts';
import type { Draft } from './draft.ts';
import { type Input, INTERRUPTED } from './line-input.ts';

export interface ComposeSource {
  /** The next line without its line end. */
  next(prompt: string): Promise<Input>;
  say(text: string): void;
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The message replied to, quoted by ~m. */
  readonly original?: string;
  /** A lone dot ends the message: on a terminal. */
  readonly dotEnds: boolean;
}

export type ComposeEnd = 'send' | 'quit';

/** Adds to `draft` until its writer is done. */
export async function composeInput(draft: Draft, source: ComposeSource): Promise<ComposeEnd> {
  for (let interrupted = false; ; ) {
    const line = await source.next('');
    if (line === INTERRUPTED) {
      if (interrupted) return giveUp(draft, source);
      interrupted = true;
      source.say('(Interrupt -- one more to kill letter)');
      continue;
    }
    interrupted = false;
    if (line === undefined) return 'send';
    if (line === '.' && source.dotEnds) return 'send';
    if (!line.startsWith('~')) {
      draft.text += `${line}\n`;
      continue;
    }
    const end = await escape(draft, line[1] ?? '', line.slice(2).trim(), line, source);
    if (end !== undefined) return end;
  }
}

async function escape(draft: Draft, letter: string, rest: string, line: string, source: ComposeSource): Promise<ComposeEnd | undefined> {
  switch (letter) {
    case '.':
      return 'send';
    case 'q':
      return giveUp(draft, source);
    case 'x':
      return 'quit';
    case '~':
      draft.text += `${line.slice(1)}\n`;
      return undefined;
    case 's':
      draft.subject = rest;
      return undefined;
    case 't':
      draft.to.push(rest);
      return undefined;
    case 'c':
      draft.cc.push(rest);
      return undefined;
    case 'b':
      draft.bcc.push(rest);
      return undefined;
    case '@':
      draft.attachments.push(rest);
      return undefined;
    case 'h':
      return askHeader(draft, source);
    case 'p':
      source.say(showDraft(draft));
      return undefined;
    case 'r':
    case '<':
      return insertFile(draft, rest, source);
    case 'w':
      return writeDraft(draft, rest, source);
    case 'm':
    case 'M':
    case 'f':
      return insertOriginal(draft, letter, source);
    case 'e':
    case 'v':
      return edit(draft, letter === 'v' ? 'VISUAL' : 'EDITOR', source);
    default:
      source.say(letter === '?' ? HELP : `~${letter} is not an escape; ~? lists them`);
      return undefined;
  }
}

const HELP = `~. send   ~q give up   ~x without a copy   ~p show   ~h edit the header   ~s SUBJECT   ~t ADDR   ~c ADDR   ~b ADDR   ~@ FILE attach
~r FILE insert   ~w FILE save   ~m insert the message replied to   ~e editor   ~~ a line that begins with ~`;

/** POSIX mailx: an abandoned message is not lost, unless its writer said ~x. */
function giveUp(draft: Draft, { environment, cwd, say }: ComposeSource): 'quit' {
  if (draft.text === '') return 'quit';
  const file = environment['DEAD'] ?? join(environment['HOME'] ?? cwd, 'dead.letter');
  try {
    appendFileSync(file, `${draft.text}\n`, { mode: 0o600 });
    say(`"${file}": what you wrote is kept there`);
  } catch (error) {
    say(`${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}; what you wrote is lost`);
  }
  return 'quit';
}

async function askHeader(draft: Draft, source: ComposeSource): Promise<undefined> {
  const ask = async (name: string, value: string): Promise<string> => {
    const answer = await source.next(`${name}: ${value === '' ? '' : `[${value}] `}`);
    return typeof answer === 'string' && answer !== '' ? answer : value;
  };
  draft.to = [await ask('To', draft.to.join(', '))];
  draft.subject = await ask('Subject', draft.subject ?? '');
  draft.cc = [await ask('Cc', draft.cc.join(', '))].filter((text) => text !== '');
  draft.bcc = [await ask('Bcc', draft.bcc.join(', '))].filter((text) => text !== '');
  return undefined;
}

function showDraft(draft: Draft): string {
  const fields = [`To: ${draft.to.join(', ')}`, `Subject: ${draft.subject ?? ''}`, ...draft.cc.map((address) => `Cc: ${address}`), ...draft.bcc.map((address) => `Bcc: ${address}`), ...draft.attachments.map((file) => `Attached: ${file}`)];
  return `-------\nMessage contains:\n${fields.join('\n')}\n\n${printableLines(draft.text)}(continue)`;
}

function insertFile(draft: Draft, file: string, source: ComposeSource): undefined {
  try {
    const text = readFileSync(resolve(source.cwd, file), 'utf8');
    draft.text += text.endsWith('\n') ? text : `${text}\n`;
    source.say(`"${file}" ${text.length} characters`);
  } catch (error) {
    source.say(`${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

function writeDraft(draft: Draft, file: string, source: ComposeSource): undefined {
  try {
    writeFileSync(resolve(source.cwd, file), draft.text, { flag: 'wx', mode: 0o600 });
    source.say(`"${file}" written`);
  } catch (error) {
    source.say(`${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

function insertOriginal(draft: Draft, letter: string, source: ComposeSource): undefined {
  if (source.original === undefined) return source.say('there is no message to insert') as undefined;
  draft.text += letter === 'f' ? `${source.original}\n` : quote(source.original);
  source.say('(continue)');
}

export function quote(text: string): string {
  return `${text.replace(/\n+$/, '').split('\n').map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd())).join('\n')}\n`;
}

function edit(draft: Draft, variable: 'EDITOR' | 'VISUAL', source: ComposeSource): undefined {
  const [program, ...args] = (source.environment[variable] ?? source.environment['EDITOR'] ?? 'vi').split(' ').filter((word) => word !== '');
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-mail-'));
  const file = join(folder, 'message.txt');
  try {
    writeFileSync(file, draft.text, { mode: 0o600 });
    const { error } = spawnSync(program, [...args, file], { stdio: 'inherit' });
    if (error) source.say(`cannot start ${program}: set $EDITOR`);
    else draft.text = readFileSync(file, 'utf8');
    source.say('(continue)');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
