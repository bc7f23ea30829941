/**
 * The reading mode of mail: a prompt with the commands of mailx, from a terminal or from a script on standard input.
 */
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Session } from '../cli/session.ts';
import { Box } from './box.ts';
import { COMMANDS, findCommand, type PromptState } from './commands.ts';
import { composeInput } from './compose-input.ts';
import { type Draft, reportHandOver, sendDraft } from './draft.ts';
import { INTERRUPTED, LineInput } from './line-input.ts';
import type { MailboxClient } from './mailbox-client.ts';
import { summaryLine } from './rendering.ts';

export interface PromptOptions {
  readonly session: Session;
  readonly config: Config;
  readonly mailbox: MailboxClient;
  readonly folder: string;
}

const SCREEN_LINES = 20;

export async function readMode(options: PromptOptions): Promise<number> {
  const { session, mailbox, folder } = options;
  const box = await Box.open(mailbox, folder);
  if (box.entries.length === 0) {
    session.out.line(`No mail for ${mailbox.account}${folder === 'INBOX' ? '' : ` in ${folder}`}`);
    return 1;
  }
  const input = new LineInput(session.io);
  const state = new Prompt(options, box, input);
  try {
    if (input.interactive) session.out.line('Posthorn mail. Type ? for help.');
    state.announce();
    state.showHeaders();
    await loop(state, input);
    return 0;
  } finally {
    input.close();
  }
}

async function loop(state: Prompt, input: LineInput): Promise<void> {
  for (;;) {
    const line = await input.next('& ');
    if (line === INTERRUPTED) continue;
    if (line === undefined) return state.quit();
    const text = line.trim();
    if (text === '' && !input.interactive) continue;
    const found = findCommand(text);
    if (found === undefined) {
      state.say(`Unknown command: "${text.split(/\s/)[0] ?? ''}"; ? lists them`);
      continue;
    }
    try {
      const end = await found.command.run(state, found.argument);
      if (end === 'quit') return await state.quit();
      if (end === 'exit') return;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      state.say(error.message);
    }
  }
}

class Prompt implements PromptState {
  box: Box;
  /** First number of the screen of headers. */
  screen = 1;
  readonly screenLines = SCREEN_LINES;
  readonly cwd: string;
  readonly mailbox: MailboxClient;
  readonly #options: PromptOptions;
  readonly #input: LineInput;

  constructor(options: PromptOptions, box: Box, input: LineInput) {
    this.#options = options;
    this.#input = input;
    this.box = box;
    this.mailbox = options.mailbox;
    this.cwd = options.session.io.cwd;
    this.screen = this.#screenOf(box.current);
  }

  say(text: string): void {
    this.#options.session.out.line(text);
  }

  announce(): void {
    const { entries, folder } = this.box;
    const unread = entries.filter(({ seen }) => !seen).length;
    this.say(`"${this.mailbox.account}/${folder}": ${entries.length} message${entries.length === 1 ? '' : 's'}${unread > 0 ? ` ${unread} unread` : ''}`);
  }

  showHeaders(numbers?: readonly number[]): void {
    const { entries, current } = this.box;
    const width = this.#options.session.io.stdout.columns ?? 100;
    const shown = numbers ?? Array.from({ length: Math.min(SCREEN_LINES, entries.length - this.screen + 1) }, (_, offset) => this.screen + offset);
    for (const number of shown) {
      const entry = this.box.entry(number);
      if (!entry || entry.gone || (entry.deleted && numbers === undefined)) continue;
      const flags = entry.seen ? [...entry.summary.flags, '\\Seen'] : entry.summary.flags.filter((flag) => flag !== '\\Seen');
      this.say(summaryLine({ ...entry.summary, flags }, { number, current: number === current, deleted: entry.deleted }, width));
    }
  }

  showScreenOf(number: number): void {
    this.screen = this.#screenOf(number);
    this.showHeaders();
  }

  async openFolder(folder: string): Promise<void> {
    const next = await Box.open(this.mailbox, folder);
    await this.box.commit();
    this.box = next;
    this.screen = this.#screenOf(next.current);
    this.announce();
    this.showHeaders();
  }

  async write(draft: Draft, original: string | undefined): Promise<boolean> {
    this.say(`To: ${draft.to.join(', ')}`);
    if (draft.subject !== undefined) this.say(`Subject: ${draft.subject}`);
    else {
      const subject = await this.#input.next('Subject: ');
      if (subject === INTERRUPTED) return false;
      draft.subject = subject ?? '';
    }
    const end = await composeInput(draft, {
      next: (prompt) => this.#input.next(prompt),
      say: (text) => this.say(text),
      cwd: this.cwd,
      environment: this.#options.session.io.environment,
      // Commands that come from a script need an end of message too.
      dotEnds: true,
      ...(original !== undefined && { original }),
    });
    if (end === 'quit') {
      this.say('(not sent)');
      return false;
    }
    const outcome = await sendDraft(this.#options.session, this.#options.config, draft);
    this.say('EOT');
    return reportHandOver(this.#options.session, outcome, true) === 0;
  }

  async quit(): Promise<void> {
    const removed = await this.box.commit();
    const left = this.box.entries.filter(({ deleted, gone }) => !deleted && !gone).length;
    if (removed > 0) this.say(`${removed} deleted`);
    this.say(`Held ${left} message${left === 1 ? '' : 's'} in ${this.mailbox.account}/${this.box.folder}`);
  }

  help(): void {
    for (const { names, argument, help } of COMMANDS) this.say(`${`${names.join(', ')} ${argument}`.padEnd(34)} ${help}`);
    this.say('LIST: 3  1-4  *  ^ first  $ last  :n new  :r read  :d deleted  /SUBJECT  NAME');
  }

  #screenOf(number: number): number {
    return number < 1 ? 1 : Math.floor((number - 1) / SCREEN_LINES) * SCREEN_LINES + 1;
  }
}
