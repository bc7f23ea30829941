/** The mailbox verbs as the mail command uses them. */
import type { FoundMessage } from '../../manage/mailbox/mail-search.ts';
import type { MessageSummary } from '../../manage/mailbox/mailbox.ts';

/** Runs a verb where the server is. */
export type CallVerb = (name: string, args: unknown) => Promise<unknown>;

export interface FolderRow {
  readonly name: string;
  readonly messages: number;
  readonly unseen: number;
}

export interface ReadMessage extends MessageSummary {
  /** Base64 of all bytes. */
  readonly content: string;
}

const PAGE_MESSAGES = 500;
/** Beyond, only the newest are listed. */
const LISTED_MAX = 20_000;

export class MailboxClient {
  readonly account: string;
  readonly #call: CallVerb;

  constructor(account: string, call: CallVerb) {
    this.account = account;
    this.#call = call;
  }

  async folders(): Promise<readonly FolderRow[]> {
    return ((await this.#call('mailbox.folders', { account: this.account })) as { folders: readonly FolderRow[] }).folders;
  }

  /** Oldest first; of a huge folder the newest 20,000. */
  async list(folder: string): Promise<readonly MessageSummary[]> {
    const newestFirst: MessageSummary[] = [];
    for (;;) {
      const from = newestFirst.at(-1)?.uid;
      const args = { account: this.account, folder, descending: true, limit: PAGE_MESSAGES, ...(from !== undefined && { from }) };
      const { messages } = (await this.#call('mailbox.messages', args)) as { messages: readonly MessageSummary[] };
      newestFirst.push(...messages);
      if (messages.length < PAGE_MESSAGES || newestFirst.length >= LISTED_MAX) return newestFirst.toReversed();
    }
  }

  /** Newest first; undefined: in all folders. */
  async search(query: string, folder: string | undefined): Promise<{ readonly total: number; readonly messages: readonly FoundMessage[] }> {
    return (await this.#call('mailbox.search', { account: this.account, query, ...(folder === undefined ? {} : { folder }) })) as { total: number; messages: readonly FoundMessage[] };
  }

  async read(folder: string, uid: number, peek = false): Promise<ReadMessage> {
    return (await this.#call('mailbox.read', { account: this.account, folder, uid, peek })) as ReadMessage;
  }

  async flag(folder: string, uids: readonly number[], mode: 'add' | 'remove', flags: readonly string[]): Promise<void> {
    await this.#paged(uids, (part) => this.#call('mailbox.flags', { account: this.account, folder, uids: part, mode, flags }));
  }

  async transfer(verb: 'move' | 'copy', folder: string, uids: readonly number[], target: string): Promise<void> {
    const names = (await this.folders()).map(({ name }) => name);
    if (!names.includes(target)) await this.#call('mailbox.create-folder', { account: this.account, folder: target });
    await this.#paged(uids, (part) => this.#call(`mailbox.${verb}`, { account: this.account, folder, uids: part, target }));
  }

  /** Removes for good. */
  async remove(folder: string, uids: readonly number[]): Promise<void> {
    await this.flag(folder, uids, 'add', ['\\Deleted']);
    await this.#paged(uids, (part) => this.#call('mailbox.expunge', { account: this.account, folder, uids: part }));
  }

  async #paged(uids: readonly number[], work: (part: readonly number[]) => Promise<unknown>): Promise<void> {
    for (let at = 0; at < uids.length; at += PAGE_MESSAGES) await work(uids.slice(at, at + PAGE_MESSAGES));
  }
}
