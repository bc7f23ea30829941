/**
 * What a client with NOTIFY has been told of its mailboxes: name, counters, subscription; compared with what they are now, the news.
 */
import type { FolderFacts } from '../../../contract/mailbox.ts';
import type { NamedFolder } from '../../mailbox/namespace.ts';
import type { MailboxFilter, NotifyEvents, NotifyOrder } from './notify-arguments.ts';

export interface KnownMailbox {
  readonly name: string;
  /** Of the user, not shared with them. */
  readonly personal: boolean;
  subscribed: boolean;
  facts: FolderFacts;
}

export type NameNews =
  | { readonly kind: 'made' | 'subscription'; readonly mailbox: KnownMailbox }
  | { readonly kind: 'renamed'; readonly mailbox: KnownMailbox; readonly oldName: string }
  | { readonly kind: 'removed'; readonly mailbox: KnownMailbox };

export class KnownMailboxes {
  readonly #byId = new Map<number, KnownMailbox>();

  get all(): Iterable<KnownMailbox> {
    return this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  get(folder: number): KnownMailbox | undefined {
    return this.#byId.get(folder);
  }

  /** Takes the list as it is now; returns what is other than before. */
  take(folders: readonly NamedFolder[], subscriptions: readonly string[]): readonly NameNews[] {
    const subscribed = new Set(subscriptions);
    const news: NameNews[] = [];
    const left = new Map(this.#byId);
    for (const { name, facts } of folders) {
      const before = left.get(facts.id);
      left.delete(facts.id);
      const mailbox = { name, personal: name === facts.name, subscribed: subscribed.has(name), facts: before?.facts ?? facts };
      this.#byId.set(facts.id, mailbox);
      if (before === undefined) news.push({ kind: 'made', mailbox });
      else if (before.name !== name) news.push({ kind: 'renamed', mailbox, oldName: before.name });
      else if (before.subscribed !== mailbox.subscribed) news.push({ kind: 'subscription', mailbox });
    }
    for (const [id, mailbox] of left) {
      this.#byId.delete(id);
      news.push({ kind: 'removed', mailbox });
    }
    return news;
  }
}

/** The events of the first group that names the mailbox (RFC 5465 §5). */
export function eventsOf(order: NotifyOrder, mailbox: KnownMailbox): NotifyEvents | undefined {
  return order.others.find(({ filter }) => matches(filter, mailbox))?.events;
}

function matches(filter: MailboxFilter, { name, personal, subscribed }: KnownMailbox): boolean {
  switch (filter.kind) {
    case 'personal':
      return personal;
    case 'subscribed':
      return subscribed;
    case 'mailboxes':
      return filter.names.includes(name);
    case 'subtree':
      return filter.names.some((top) => name === top || name.startsWith(`${top}/`));
  }
}
