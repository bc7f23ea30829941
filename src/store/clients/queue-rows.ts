/** Contract values to the columns of the queue's tables and back. Optional fields are NULL; lists and objects are JSON. */
import type { Reply } from '../../contract/message.ts';
import type { MailboxDeposit, MessageEvent, NewQueueItem, QueueItem, QueueMessage, QueueRecipient, RecipientStanding, Reroute, Settlement } from '../../contract/queue.ts';
import { exactBytes } from '../call.ts';
import type { StandingRows } from '../ops/queue-admin.ts';
import type { ItemRows, MessageRow, RecipientRow } from '../ops/queue-reads.ts';
import type { InsertArgs, MessageValues, RecipientValues, SettlementValues } from '../ops/queue.ts';
import type { NewBody } from '../ops/bodies.ts';

export function packItem(item: NewQueueItem, body: NewBody): InsertArgs {
  return { message: packMessage(item.message), recipients: item.recipients.map(packRecipient), events: packEvents(item.events), body, ...(item.tells ? { tells: item.tells } : {}) };
}

export function packEvents(events: readonly MessageEvent[]): string | null {
  return events.length === 0 ? null : JSON.stringify(events);
}

export function packSettlement(settlement: Settlement): SettlementValues {
  return [
    settlement.state, settlement.attempts, settlement.nextAttemptAt, packReply(settlement.lastReply), settlement.reason ?? null,
    settlement.recipient, settlement.site ?? null, settlement.rule ?? null, settlement.culprit ?? null,
  ];
}

/** Without its content, which goes along as a body. */
export function packDeposit({ content: _content, ...deposit }: MailboxDeposit): MailboxDeposit {
  return { ...deposit, prefix: exactBytes(deposit.prefix) as Buffer };
}

export function unpackItem(rows: ItemRows): QueueItem {
  return { message: unpackMessage(rows.message), recipients: rows.recipients.map(unpackRecipient) };
}

function packMessage(message: QueueMessage): MessageValues {
  return [
    message.id, message.sender, JSON.stringify(message.options), JSON.stringify(message.origin), message.senderBelieved ? 1 : 0,
    message.contentDigest, message.sizeBytes, message.startedAt, message.queuedAt, message.expiresAt, message.messageId ?? null,
    message.headerFrom ?? null, message.junk ? 1 : 0, message.stream ?? null, message.dkimDomain ?? null,
    Math.min(message.delayNoticeAt ?? message.expiresAt, message.expiresAt),
  ];
}

function packRecipient(recipient: QueueRecipient): RecipientValues {
  return [
    recipient.index, recipient.address, recipient.originalRecipient ?? null, recipient.notify ? recipient.notify.join(' ') : null,
    recipient.state, recipient.attempts, recipient.nextAttemptAt, packReply(recipient.lastReply), recipient.reason ?? null,
    recipient.via ?? null, recipient.reversePath ?? null, recipient.reroute ? JSON.stringify(recipient.reroute) : null,
  ];
}

export function packReply(reply: Reply | undefined): string | null {
  return reply ? JSON.stringify(reply) : null;
}

function unpackMessage(row: MessageRow): QueueMessage {
  return {
    id: row.id,
    sender: row.sender,
    options: JSON.parse(row.options) as QueueMessage['options'],
    origin: JSON.parse(row.origin) as QueueMessage['origin'],
    senderBelieved: row.sender_believed === 1,
    contentDigest: row.content_digest,
    sizeBytes: row.size_bytes,
    startedAt: row.started_at,
    queuedAt: row.queued_at,
    expiresAt: row.expires_at,
    ...(row.junk === 1 ? { junk: true } : {}),
    ...(row.message_id === null ? {} : { messageId: row.message_id }),
    ...(row.header_from === null ? {} : { headerFrom: row.header_from }),
    ...(row.stream === null ? {} : { stream: row.stream as QueueMessage['stream'] & {} }),
    ...(row.dkim_domain === null ? {} : { dkimDomain: row.dkim_domain }),
    ...(row.watch_at === null || row.watch_at >= row.expires_at ? {} : { delayNoticeAt: row.watch_at }),
  };
}

function unpackRecipient(row: RecipientRow): QueueRecipient {
  return {
    index: row.position,
    address: row.address,
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    ...(row.due_set_at === null ? {} : { dueSetAt: row.due_set_at }),
    ...(row.original_recipient === null ? {} : { originalRecipient: row.original_recipient }),
    ...(row.notify === null ? {} : { notify: row.notify.split(' ') as QueueRecipient['notify'] & {} }),
    ...(row.via === null ? {} : { via: row.via }),
    ...(row.reverse_path === null ? {} : { reversePath: row.reverse_path }),
    ...(row.last_reply === null ? {} : { lastReply: JSON.parse(row.last_reply) as Reply }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.site === null ? {} : { site: row.site }),
    ...(row.rule === null ? {} : { rule: row.rule }),
    ...(row.culprit === null ? {} : { culprit: row.culprit }),
    ...(row.reroute === null ? {} : { reroute: JSON.parse(row.reroute) as Reroute }),
  };
}

/** Rows that came as parallel arrays. */
export function unpackStanding({ ids, positions, dueAt, dueSetAt }: StandingRows): readonly RecipientStanding[] {
  if (ids === '') return [];
  return ids.split(' ').map((id, at) => {
    const due = dueAt[at] as number;
    return { id, index: positions[at] as number, ...(Number.isNaN(due) ? {} : { dueAt: due, dueSetAt: dueSetAt[at] as number }) };
  });
}
