/**
 * A folder as mailx shows it: numbered from 1 as it was when opened, with a current message and deletions that happen on
 * quit. Read messages stay where they are (mailx with `hold`), so that nothing leaves the inbox by being looked at.
 */
import type { MessageSummary } from '../../manage/mailbox/mailbox.ts';
import type { MailboxClient } from './mailbox-client.ts';
import type { ListedMessage } from './message-list.ts';
import { isSeen, personOf } from './rendering.ts';

export interface BoxEntry {
  readonly summary: MessageSummary;
  seen: boolean;
  deleted: boolean;
  /** Moved away by `move`: no longer in the folder. */
  gone: boolean;
}

export class Box {
  readonly mailbox: MailboxClient;
  readonly folder: string;
  readonly entries: readonly BoxEntry[];
  /** From 1; 0 in an empty folder. */
  current: number;

  constructor(mailbox: MailboxClient, folder: string, messages: readonly MessageSummary[]) {
    this.mailbox = mailbox;
    this.folder = folder;
    this.entries = messages.map((summary) => ({ summary, seen: isSeen(summary), deleted: false, gone: false }));
    const firstNew = this.entries.findIndex(({ seen }) => !seen);
    this.current = this.entries.length === 0 ? 0 : Math.max(0, firstNew) + 1;
  }

  static async open(mailbox: MailboxClient, folder: string): Promise<Box> {
    return new Box(mailbox, folder, await mailbox.list(folder));
  }

  entry(number: number): BoxEntry | undefined {
    return this.entries[number - 1];
  }

  /** For message lists. */
  listed(): readonly ListedMessage[] {
    return this.entries.map(({ summary, seen, deleted, gone }) => ({
      from: `${personOf(summary.from[0])} ${summary.from[0]?.address ?? ''}`,
      subject: summary.subject,
      seen,
      deleted: deleted || gone,
    }));
  }

  /** The number of the next message that is not deleted, `step` +1 or -1 away; undefined at the end. */
  neighbour(step: 1 | -1): number | undefined {
    for (let number = this.current + step; number >= 1 && number <= this.entries.length; number += step) {
      const entry = this.entry(number);
      if (entry && !entry.deleted && !entry.gone) return number;
    }
    return undefined;
  }

  async read(number: number): Promise<Buffer> {
    const entry = this.entry(number) as BoxEntry;
    const { content } = await this.mailbox.read(this.folder, entry.summary.uid);
    entry.seen = true;
    this.current = number;
    return Buffer.from(content, 'base64');
  }

  async flag(numbers: readonly number[], mode: 'add' | 'remove', flags: readonly string[]): Promise<void> {
    await this.mailbox.flag(this.folder, this.#uids(numbers), mode, flags);
    if (flags.includes('\\Seen')) for (const number of numbers) (this.entry(number) as BoxEntry).seen = mode === 'add';
  }

  async transfer(verb: 'move' | 'copy', numbers: readonly number[], target: string): Promise<void> {
    await this.mailbox.transfer(verb, this.folder, this.#uids(numbers), target);
    if (verb === 'move') for (const number of numbers) (this.entry(number) as BoxEntry).gone = true;
  }

  /** Removes what was deleted, for good; how many. */
  async commit(): Promise<number> {
    const uids = this.entries.filter(({ deleted, gone }) => deleted && !gone).map(({ summary }) => summary.uid);
    if (uids.length > 0) await this.mailbox.remove(this.folder, uids);
    return uids.length;
  }

  #uids(numbers: readonly number[]): number[] {
    return numbers.flatMap((number) => this.entry(number)?.summary.uid ?? []);
  }
}
