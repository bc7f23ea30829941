/** When a sender is told that a message is late. Pure. */
import type { QueueMessage, QueueRecipient } from '../../contract/queue.ts';

/**
 * When the sender of a new message is to be told that it is late; undefined: never. Not for reports, nor for mail to many,
 * nor when no recipient allows it (RFC 3461 §4.1: without NOTIFY it is allowed).
 */
export function delayNoticeTime(message: Pick<QueueMessage, 'sender' | 'stream' | 'senderBelieved' | 'queuedAt' | 'expiresAt'>, recipients: readonly Pick<QueueRecipient, 'notify'>[], delayNoticeMs: number): number | undefined {
  if (delayNoticeMs <= 0 || message.sender === '' || message.stream === 'bulk' || !message.senderBelieved) return undefined;
  if (!recipients.some(({ notify }) => notify === undefined || notify.includes('delay'))) return undefined;
  const at = message.queuedAt + delayNoticeMs;
  return at < message.expiresAt ? at : undefined;
}
