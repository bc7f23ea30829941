/** Waiting recipients as the storage thread tells them, read. Loads nothing: the command line does it, too. */
import type { QueueId, Reply } from '../../contract/message.ts';
import type { QueueRecipient } from '../../contract/queue.ts';
import type { Stream } from '../../contract/sending.ts';
import type { WaitingRow } from '../ops/queue-admin.ts';

export type { WaitingRow } from '../ops/queue-admin.ts';

/** A waiting recipient with what lists show of its message. */
export interface WaitingRecipient extends Pick<QueueRecipient, 'index' | 'address' | 'state' | 'attempts' | 'nextAttemptAt' | 'reason' | 'lastReply' | 'site' | 'rule' | 'culprit'> {
  readonly id: QueueId;
  readonly sender: string;
  readonly sizeBytes: number;
  readonly queuedAt: number;
  readonly expiresAt: number;
  readonly stream: Stream;
  readonly account?: string;
}

/** One of a hundred thousand: no more objects than needed. */
export function unpackWaiting(row: WaitingRow): WaitingRecipient {
  const [id, sender, sizeBytes, queuedAt, expiresAt, stream, account, index, address, state, attempts, nextAttemptAt, reason, lastReply, site, rule, culprit] = row;
  const recipient: { -readonly [Name in keyof WaitingRecipient]: WaitingRecipient[Name] } = { id, sender, sizeBytes, queuedAt, expiresAt, stream: stream as Stream, index, address, state, attempts, nextAttemptAt };
  if (account !== null) recipient.account = account;
  if (reason !== null) recipient.reason = reason;
  if (lastReply !== null) recipient.lastReply = JSON.parse(lastReply) as Reply;
  if (site !== null) recipient.site = site;
  if (rule !== null) recipient.rule = rule;
  if (culprit !== null) recipient.culprit = culprit;
  return recipient;
}
