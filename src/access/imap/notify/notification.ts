/**
 * NOTIFY in force for one session (RFC 5465): hears of every commit, keeps which folders it concerns, and tells the client when it is silent.
 *
 * Policy: a burst is told once, as it came out. When more folders changed than can wait for a slow client, all of it is dropped and
 * NOTIFICATIONOVERFLOW told; the client then starts anew (§5.8).
 */
import { IMAP_LIMITS } from '../../../base/access-limits.ts';
import type { FolderFacts, FolderNews } from '../../../contract/mailbox.ts';
import type { ImapSession, SessionNotification } from '../command.ts';
import { writeListLine } from '../list/list-line.ts';
import { SelectedFolder } from '../selected-folder.ts';
import { endWhenLost } from '../selected-news.ts';
import { eventsOf, KnownMailboxes, type KnownMailbox, type NameNews } from './known-mailboxes.ts';
import type { NotifyEvents, NotifyOrder } from './notify-arguments.ts';

export class Notification implements SessionNotification {
  readonly selected: SessionNotification['selected'];
  readonly #session: ImapSession;
  readonly #order: NotifyOrder;
  readonly #known = new KnownMailboxes();
  readonly #waiting = new Set<number>();
  readonly #tell = (): Promise<void> => this.#tellWaiting();
  #unwatch: (() => void) | undefined;
  #namesChanged = false;
  #selectedModseq = 0;
  #overflown = false;

  constructor(session: ImapSession, order: NotifyOrder) {
    this.#session = session;
    this.#order = order;
    const events = order.selected?.events;
    this.selected = events === undefined ? undefined : { flags: events.flags, fetch: events.fetch };
  }

  /** Tells the present state first, if that was asked for. */
  async start(): Promise<void> {
    this.#unwatch = this.#session.ports.mailboxes.feed.watch((news) => this.#hear(news));
    if (this.#order.others.length === 0) return;
    await this.#takeList();
    if (!this.#order.status) return;
    for (const mailbox of this.#known.all) {
      const events = eventsOf(this.#order, mailbox);
      if (events?.messages && !this.#isSelected(mailbox)) this.#writeStatus(mailbox, events);
      await this.#session.flushWhenFull();
    }
  }

  stop(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #hear(news: readonly FolderNews[]): void {
    if (this.#overflown) return;
    const { selected, account } = this.#session;
    const { others } = this.#order;
    for (const { folder, highestModseq, listChanged, account: owner } of news) {
      const concerned = others.length > 0 && (owner === account || this.#known.get(folder) !== undefined || listChanged);
      if (selected?.folder === folder && this.#order.selected?.events.messages) this.#selectedModseq = Math.max(this.#selectedModseq, highestModseq);
      else if (!concerned) continue;
      if (concerned) this.#waiting.add(folder);
      this.#namesChanged ||= listChanged && concerned;
      this.#session.whenQuiet(this.#tell);
    }
    this.#overflown = this.#waiting.size > IMAP_LIMITS.notifyWaitingMax;
  }

  async #tellWaiting(): Promise<void> {
    if (this.#unwatch === undefined) return;
    if (this.#overflown) return this.#overflow();
    await this.#tellSelected();
    const folders = [...this.#waiting];
    this.#waiting.clear();
    if (this.#namesChanged) {
      this.#namesChanged = false;
      for (const news of await this.#takeList()) this.#writeName(news);
    }
    for (const folder of folders) {
      await this.#tellFolder(folder);
      await this.#session.flushWhenFull();
    }
  }

  #overflow(): void {
    this.stop();
    this.#waiting.clear();
    this.#session.notification = undefined;
    this.#session.out.line('* OK [NOTIFICATIONOVERFLOW] too much happened; look at the mailboxes and ask again');
  }

  async #tellSelected(): Promise<void> {
    const { selected } = this.#session;
    const modseq = this.#selectedModseq;
    this.#selectedModseq = 0;
    if (modseq === 0 || !(selected instanceof SelectedFolder)) return;
    await selected.live.reach(modseq);
    // The client gets ready for EXPUNGE at any time only with SELECTED (RFC 5465 §6.1).
    await selected.sync(this.#session, { expunges: this.#order.selected?.delayed === false ? 'told' : 'held' });
    await endWhenLost(this.#session, selected);
  }

  async #tellFolder(folder: number): Promise<void> {
    const mailbox = this.#known.get(folder);
    if (mailbox === undefined || this.#isSelected(mailbox)) return;
    const now = await this.#session.ports.mailboxes.folders.get(folder);
    if (now === undefined) return;
    const before = mailbox.facts;
    mailbox.facts = now;
    const events = eventsOf(this.#order, mailbox);
    if (events !== undefined && isNews(before, now, events)) this.#writeStatus(mailbox, events);
  }

  async #takeList(): Promise<readonly NameNews[]> {
    const { names, account, ports } = this.#session;
    return this.#known.take(await names.list(), await ports.mailboxes.folders.subscriptions(account));
  }

  #writeName(news: NameNews): void {
    const { mailbox } = news;
    const events = eventsOf(this.#order, mailbox);
    const wanted = news.kind === 'subscription' ? events?.subscriptions : events?.names;
    if (!wanted) return;
    const attributes = [...(news.kind === 'removed' ? ['\\NonExistent'] : []), ...(mailbox.subscribed ? ['\\Subscribed'] : [])];
    writeListLine(this.#session.out, { name: mailbox.name, attributes, ...(news.kind === 'renamed' ? { oldName: news.oldName } : {}) });
  }

  /** RFC 5465 §5.1 to §5.3: these items, whatever it was. */
  #writeStatus({ name, facts }: KnownMailbox, events: NotifyEvents): void {
    const items = [`MESSAGES ${facts.messages}`, `UIDNEXT ${facts.uidNext}`, `UIDVALIDITY ${facts.uidValidity}`];
    if (events.flags) items.push(`UNSEEN ${facts.unseen}`);
    // RFC 5465 §5.3: flags have no number of their own to be told by.
    if (events.flags || this.#session.enabled.condstore) items.push(`HIGHESTMODSEQ ${facts.highestModseq}`);
    this.#session.out.text('* STATUS ').mailbox(name).line(` (${items.join(' ')})`);
  }

  #isSelected(mailbox: KnownMailbox): boolean {
    return this.#session.selected?.folder === mailbox.facts.id;
  }
}

function isNews(before: FolderFacts, now: FolderFacts, events: NotifyEvents): boolean {
  if (events.messages && (before.uidNext !== now.uidNext || before.messages !== now.messages)) return true;
  return events.flags && before.highestModseq !== now.highestModseq;
}
