/**
 * Reports that come back later: a server took our message and then found that it cannot deliver it. They arrive as mail
 * (RFC 3464), and tell which of our users' recipients do not exist.
 *
 * Policy: anybody can write a report, so one counts only when
 * - it has the null sender, and comes to the sender of the copy that it speaks of;
 * - it quotes the Message-ID of a message that one of our own users sent, to just that recipient, and that another server
 *   took from us;
 * - and who brings it has to do with the recipient: its name, or a domain whose DKIM signature passes, belongs to the
 *   recipient's domain or to the server that took the message. Who was sent the same message knows its Message-ID, but not
 *   how to come from there. A message with one recipient is known to that one alone.
 * Whatever is not clear is left: the report is in the sender's mailbox all the same.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import { FEEDBACK_LIMITS } from '../../base/limits.ts';
import type { AuthReport } from '../../contract/auth-report.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import { isFromOutside, type Origin, type QueueId, type Reply } from '../../contract/message.ts';
import type { AttemptFacts, MessageEvent, QueueItem, QueueRecipient } from '../../contract/queue.ts';
import { addressKey, domainOf, normalizeDomain } from '../../mail/address.ts';
import { parseDsn, type ParsedDsnRecipient } from '../../mail/dsn.ts';

/** A message as it came in. */
export interface IncomingReport {
  readonly id: QueueId;
  readonly recipients: readonly string[];
  readonly origin: Pick<Origin, 'clientName'>;
  readonly dkim: AuthReport['dkim'];
  readonly content: ByteSource;
}

/** One recipient of ours that was returned, believed. */
export interface Returned {
  readonly item: QueueItem;
  readonly recipient: QueueRecipient;
  readonly reply: Reply;
  /** Host that took the message from us. */
  readonly mx: string;
  /** For the timeline of the message that was returned. */
  readonly event: MessageEvent;
}

export interface SentMail {
  find(query: string, limit: number): Promise<readonly QueueItem[]>;
  events(id: QueueId): Promise<readonly MessageEvent[]>;
}

/** Rejects when the store does. `now` in milliseconds since 1970. */
export async function readReturned(sent: SentMail, report: IncomingReport, now: number): Promise<readonly Returned[]> {
  if (report.content.size > FEEDBACK_LIMITS.reportBytesMax) return [];
  const dsn = parseDsn(report.content.inMemory ?? (await report.content.read()));
  const messageId = dsn?.originalMessageId?.trim();
  if (!dsn || !messageId) return [];
  const items = (await sent.find(messageId, FEEDBACK_LIMITS.reportedMessagesMax)).filter(({ message }) => message.messageId?.trim() === messageId && !isFromOutside(message.origin) && message.origin.kind !== 'internal');
  const failed = dsn.recipients.filter(({ action, status }) => action === 'failed' && status.startsWith('5')).slice(0, FEEDBACK_LIMITS.reportedRecipientsMax);
  const found: Returned[] = [];
  for (const item of items) {
    const events = await sent.events(item.message.id);
    for (const about of failed) {
      const returned = match(item, events, about, report, now);
      if (returned) found.push(returned);
    }
  }
  return found;
}

function match(item: QueueItem, events: readonly MessageEvent[], about: ParsedDsnRecipient, report: IncomingReport, now: number): Returned | undefined {
  const named = new Set([about.finalRecipient, about.originalRecipient ?? ''].map(addressKey));
  const recipient = item.recipients.find(({ address, state }) => state === 'delivered' && named.has(addressKey(address)));
  if (!recipient) return undefined;
  const bouncesTo = addressKey(recipient.reversePath ?? item.message.sender);
  if (!report.recipients.some((address) => addressKey(address) === bouncesTo)) return undefined;
  const delivery = events.findLast(({ name, recipient: index }) => name === MESSAGE_EVENTS.delivered && index === recipient.index);
  const mx = (delivery?.data as AttemptFacts | undefined)?.mx;
  if (mx === undefined) return undefined;
  if (item.recipients.length > 1 && !isRelated(report, [domainOf(recipient.address), mx])) return undefined;
  // Told twice, it happened once.
  if (events.some(({ name, recipient: index }) => name === MESSAGE_EVENTS.returned && index === recipient.index)) return undefined;
  const reply = replyOf(about);
  return { item, recipient, reply, mx, event: { at: now, name: MESSAGE_EVENTS.returned, recipient: recipient.index, data: { reply, mx, reportId: report.id } } };
}

function isRelated(report: IncomingReport, names: readonly string[]): boolean {
  const known = new Set(names.map(ownerOf));
  const signers = report.dkim.flatMap(({ result, domain }) => (result === 'pass' && domain !== undefined ? [domain] : []));
  return [...(report.origin.clientName === undefined ? [] : [report.origin.clientName]), ...signers].some((name) => known.has(ownerOf(name)));
}

/**
 * The domain somebody registered, near enough: two labels, three below what looks like `co.uk`. Where that is wrong it is
 * too narrow, and a report goes uncounted.
 */
function ownerOf(name: string): string {
  const labels = normalizeDomain(name).split('.');
  const [second = '', top = ''] = labels.slice(-2);
  return labels.slice(top.length === 2 && second.length <= 3 ? -3 : -2).join('.');
}

/** What the other server was told, or told us: `smtp; 550 5.1.1 No such user`. */
function replyOf({ diagnostic = '', status }: ParsedDsnRecipient): Reply {
  const [, code, enhanced, text] = /^(5\d\d)[ -]?(?:(5\.\d{1,3}\.\d{1,3})[ -]?)?(.*)$/s.exec(diagnostic.trim()) ?? [];
  const words = (text ?? diagnostic).replace(/\s+/g, ' ').trim().slice(0, FEEDBACK_LIMITS.reportedReplyCharsMax);
  return { code: code === undefined ? 550 : Number(code), enhanced: enhanced ?? status, text: words };
}
