/** Arguments of NOTIFY (RFC 5465 §8): which mailboxes, and which of their events. */
import { readFetchItems, type FetchItem } from '../../../wire/imap/fetch-items.ts';
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';

export interface NotifyEvents {
  /** MessageNew and MessageExpunge, which come together. */
  readonly messages: boolean;
  /** What new messages of the selected mailbox are told with. */
  readonly fetch: readonly FetchItem[];
  readonly flags: boolean;
  /** Mailboxes made, renamed, removed. */
  readonly names: boolean;
  readonly subscriptions: boolean;
}

export type MailboxFilter =
  | { readonly kind: 'personal' | 'subscribed' }
  | { readonly kind: 'mailboxes' | 'subtree'; readonly names: readonly string[] };

export interface NotifyOrder {
  /** The client wants the present STATUS of each mailbox first. */
  readonly status: boolean;
  readonly selected: { readonly delayed: boolean; readonly events: NotifyEvents } | undefined;
  /** The first that names a mailbox counts. */
  readonly others: readonly { readonly filter: MailboxFilter; readonly events: NotifyEvents }[];
}

/** Events that this server does not have are answered with what it has (RFC 5465 §5). */
export type NotifyArguments = NotifyOrder | 'none' | { readonly unknownEvents: true };

const EVENTS = ['MESSAGENEW', 'MESSAGEEXPUNGE', 'FLAGCHANGE', 'MAILBOXNAME', 'SUBSCRIPTIONCHANGE'] as const;
type EventName = (typeof EVENTS)[number];

interface ReadEvents {
  readonly names: ReadonlySet<EventName>;
  readonly fetch: readonly FetchItem[];
  readonly unknown: boolean;
}

export function readNotifyArguments(scanner: ImapScanner): NotifyArguments {
  scanner.space();
  if (scanner.acceptKeyword('NONE')) {
    scanner.end();
    return 'none';
  }
  if (!scanner.acceptKeyword('SET')) scanner.fail('expected SET or NONE');
  scanner.space();
  const status = scanner.acceptKeyword('STATUS');
  if (status) scanner.space();
  let selected: NotifyOrder['selected'];
  const others: NotifyOrder['others'][number][] = [];
  let unknownEvents = false;
  do {
    scanner.countItem();
    scanner.expect('(');
    const filter = readFilter(scanner);
    scanner.space();
    const read = readEvents(scanner);
    scanner.expect(')');
    unknownEvents ||= read.unknown;
    if (filter.kind === 'selected') {
      if (selected !== undefined) throw new ImapSyntaxError('SELECTED or SELECTED-DELAYED can be named once');
      selected = { delayed: filter.delayed, events: checked(read, true) };
    } else others.push({ filter, events: checked(read, false) });
  } while (scanner.accept(' '));
  scanner.end();
  return unknownEvents ? { unknownEvents: true } : { status, selected, others };
}

function readFilter(scanner: ImapScanner): MailboxFilter | { readonly kind: 'selected'; readonly delayed: boolean } {
  const name = scanner.keyword('a mailbox filter');
  switch (name) {
    case 'SELECTED':
      return { kind: 'selected', delayed: false };
    case 'SELECTED-DELAYED':
      return { kind: 'selected', delayed: true };
    // RFC 5465 §6.3: a Sieve script may deliver into any of them.
    case 'INBOXES':
    case 'PERSONAL':
      return { kind: 'personal' };
    case 'SUBSCRIBED':
      return { kind: 'subscribed' };
    case 'SUBTREE':
    case 'MAILBOXES':
      scanner.space();
      return { kind: name === 'SUBTREE' ? 'subtree' : 'mailboxes', names: scanner.listOrOne(() => readMailboxName(scanner)) };
    default:
      throw new ImapSyntaxError(`NOTIFY knows no filter ${name.slice(0, 40)}`);
  }
}

function readEvents(scanner: ImapScanner): ReadEvents {
  if (scanner.acceptKeyword('NONE')) return { names: new Set(), fetch: [], unknown: false };
  const names = new Set<EventName>();
  let fetch: readonly FetchItem[] = [];
  let unknown = false;
  scanner.expect('(');
  do {
    const name = scanner.keyword('an event');
    const event = EVENTS.find((known) => known === name);
    if (event !== undefined) names.add(event);
    else unknown = true;
    const more = scanner.accept(' ');
    if (event === 'MESSAGENEW' && more && scanner.peek() === '(') {
      fetch = readFetchItems(scanner);
      if (!scanner.accept(' ')) break;
    } else if (!more) break;
  } while (!scanner.atEnd);
  scanner.expect(')');
  return { names, fetch, unknown };
}

/** RFC 5465 §5: what must come together, and what is of the selected mailbox alone or of others alone. */
function checked({ names, fetch }: ReadEvents, ofSelected: boolean): NotifyEvents {
  const messages = names.has('MESSAGENEW');
  if (messages !== names.has('MESSAGEEXPUNGE')) throw new ImapSyntaxError('MessageNew and MessageExpunge are asked for together');
  if (names.has('FLAGCHANGE') && !messages) throw new ImapSyntaxError('FlagChange needs MessageNew and MessageExpunge');
  const ofNames = names.has('MAILBOXNAME') || names.has('SUBSCRIPTIONCHANGE');
  if (ofSelected && ofNames) throw new ImapSyntaxError('only events of messages can be asked for with SELECTED');
  if (!ofSelected && fetch.length > 0) throw new ImapSyntaxError('what to fetch can be asked for with SELECTED only');
  return { messages, fetch, flags: names.has('FLAGCHANGE'), names: names.has('MAILBOXNAME'), subscriptions: names.has('SUBSCRIPTIONCHANGE') };
}
