/**
 * Complaints (RFC 5965, RFC 9477): whose message they are about, and what follows.
 *
 * Policy: anybody can write a complaint. It has consequences only when something authenticates who brought it, and the
 * message is one of ours: its Message-ID (or the queue id of our CFBL-Feedback-ID) is that of a message one of our users
 * sent, and the From domain is the same. The recipient is the one that the copy's own return path names (VERP), or the one
 * reported, or the only one. Of a message to several, reported by name alone, only whoever has to do with the recipient is
 * believed: the others know the Message-ID too.
 */
import { createHash } from 'node:crypto';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import { isFromOutside } from '../../contract/message.ts';
import type { AttemptFacts, MessageEvent, QueueItem, QueueRecipient } from '../../contract/queue.ts';
import type { Complaint, ReportArrival as Arrival } from '../../contract/reports.ts';
import type { LaneKey } from '../../contract/sending.ts';
import { addressKey, domainOf, normalizeDomain } from '../../mail/address.ts';
import type { ParsedArf } from '../../mail/arf.ts';
import { firstField, parseHeader, type HeaderField } from '../../mail/header.ts';
import type { Timeline } from '../../store/clients/timeline.ts';
import { authorDomain, domainOfFrom } from '../../verify/dmarc/author-domain.ts';

export interface ReadComplaint {
  readonly complaint: Complaint;
  /** Two reports with the same one are the same. */
  readonly digest: string;
  /** What it is about, when that is known to be ours. */
  readonly about?: { readonly item: QueueItem; readonly recipient: QueueRecipient; readonly delivery: AttemptFacts; readonly lane: LaneKey; readonly told: boolean };
}

const ITEMS_MAX = 5;

/** Rejects when the store does. */
export async function readComplaint(sent: Pick<Timeline, 'find' | 'events'>, arf: ParsedArf, arrival: Arrival): Promise<ReadComplaint> {
  const fields = arf.originalHeader ? parseHeader(arf.originalHeader).fields : [];
  const author = authorDomain(fields);
  const fromDomain = author.kind === 'domain' ? normalizeDomain(author.domain) : (arf.reportedDomains[0] ?? normalizeDomain(domainOf(arf.originalMailFrom ?? '')));
  const about = await findSent(sent, arf, fields, fromDomain, arrival);
  const dkimDomain = about?.item.message.dkimDomain ?? signerOf(fields);
  const complaint: Complaint = {
    at: arrival.receivedAt, reporter: arrival.broughtBy || (arf.userAgent ?? '').slice(0, 100), kind: kindOf(arf.feedbackType), fromDomain,
    ...(dkimDomain !== undefined && { dkimDomain }), ...(arf.sourceIp !== undefined && { sourceIp: arf.sourceIp.slice(0, 64) }),
    ...(about && { messageId: about.item.message.id, recipient: about.recipient.address, stream: about.item.message.stream ?? 'transactional' }),
  };
  return { complaint, digest: digestOf(arf, complaint, arrival), ...(about && { about }) };
}

/** RFC 5965 §7.3 and its registry. */
function kindOf(type: string): Complaint['kind'] {
  if (type === 'abuse' || type === 'not-spam') return type;
  return type === 'opt-out' || type === 'opt-out-list' ? 'opt-out' : 'other';
}

async function findSent(sent: Pick<Timeline, 'find' | 'events'>, arf: ParsedArf, fields: readonly HeaderField[], fromDomain: string, { broughtBy }: Arrival): Promise<ReadComplaint['about']> {
  const messageId = (firstField(fields, 'message-id')?.value ?? arf.originalMessageId ?? '').trim();
  const queueId = (firstField(fields, 'cfbl-feedback-id')?.value ?? '').trim().split(':')[0] ?? '';
  for (const query of [messageId, queueId].filter(Boolean)) {
    for (const item of await sent.find(query, ITEMS_MAX)) {
      const { message } = item;
      const named = message.messageId?.trim() === messageId || message.id === queueId;
      if (!named || isFromOutside(message.origin) || message.origin.kind === 'internal' || domainOfFrom(message.headerFrom) !== fromDomain) continue;
      const about = match(item, await sent.events(message.id), arf, fields, broughtBy);
      if (about) return about;
    }
  }
  return undefined;
}

function match(item: QueueItem, events: readonly MessageEvent[], arf: ParsedArf, fields: readonly HeaderField[], broughtBy: string): ReadComplaint['about'] {
  const returnPaths = [arf.originalMailFrom ?? '', (firstField(fields, 'return-path')?.value ?? '').trim().replace(/^<(.*)>$/, '$1')].filter(Boolean).map(addressKey);
  const reported = new Set(arf.originalRecipients.map(addressKey));
  const taken = item.recipients.filter(({ state }) => state === 'delivered');
  const recipient =
    taken.find(({ reversePath }) => reversePath !== undefined && returnPaths.includes(addressKey(reversePath))) ??
    (item.recipients.length === 1 ? taken[0] : undefined) ??
    taken.find(({ address }) => reported.has(addressKey(address)) && isRelated(broughtBy, [domainOf(address), mxOf(events, taken, address)]));
  const delivery = recipient && (events.findLast(({ name, recipient: index }) => name === MESSAGE_EVENTS.delivered && index === recipient.index)?.data as AttemptFacts | undefined);
  // What never left this server nobody else can complain of.
  if (!recipient || delivery?.mx === undefined) return undefined;
  const told = events.some(({ name, recipient: index }) => name === MESSAGE_EVENTS.complained && index === recipient.index);
  return { item, recipient, delivery, told, lane: { source: delivery.localAddress ?? '', site: recipient.site ?? '', dkimDomain: item.message.dkimDomain ?? '' } };
}

function mxOf(events: readonly MessageEvent[], recipients: readonly QueueRecipient[], address: string): string {
  const index = recipients.find((recipient) => recipient.address === address)?.index;
  return (events.findLast(({ name, recipient }) => name === MESSAGE_EVENTS.delivered && recipient === index)?.data as AttemptFacts | undefined)?.mx ?? '';
}

/** The same name, or one below the other, near enough: the registered domain is not looked up. */
function isRelated(broughtBy: string, names: readonly string[]): boolean {
  return names.some((name) => name !== '' && ownerOf(name) === ownerOf(broughtBy));
}

function ownerOf(name: string): string {
  return normalizeDomain(name).split('.').slice(-2).join('.');
}

function signerOf(fields: readonly HeaderField[]): string | undefined {
  const domain = /(?:^|;)\s*d\s*=\s*([a-z0-9._-]{1,253})/i.exec(firstField(fields, 'dkim-signature')?.value ?? '')?.[1];
  return domain === undefined ? undefined : normalizeDomain(domain);
}

function digestOf(arf: ParsedArf, { messageId, recipient, kind, fromDomain }: Complaint, { broughtBy }: Arrival): string {
  const what = messageId === undefined ? [arf.originalMessageId ?? '', arf.arrivedAt ?? '', ...arf.originalRecipients] : [messageId, recipient];
  return createHash('sha256').update(JSON.stringify([kind, fromDomain, ...what, messageId === undefined ? broughtBy : ''])).digest('hex');
}
