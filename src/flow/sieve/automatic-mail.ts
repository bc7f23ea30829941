/** A message that this server writes for a user (an answer, a notification), as a queue item: signed, durable with its cause. */
import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import { BufferSource, type ByteSource } from '../../base/byte-source.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { QueueId } from '../../contract/message.ts';
import type { NewQueueItem } from '../../contract/queue.ts';
import { domainOf } from '../../mail/address.ts';
import { contentKey } from '../../mail/content-key.ts';

export interface AutomaticMail {
  readonly id: QueueId;
  /** Of the message that caused it. */
  readonly about: QueueId;
  /** The reverse-path; '' so that nobody answers an answer (RFC 3834 §3.3). */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly headerFrom: string;
  readonly messageId: string;
  readonly content: Buffer;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly lifetimeMs: number;
  /** With the DKIM keys of that domain; what it throws is the caller's. */
  readonly sign: (content: ByteSource, domain: string) => Promise<ByteSource>;
}

export async function automaticMail(mail: AutomaticMail): Promise<NewQueueItem> {
  const { id, about, sender, recipients, headerFrom, messageId, now } = mail;
  const signed = await mail.sign(new BufferSource(mail.content), domainOf(headerFrom));
  const bytes = signed.inMemory ?? (await signed.read());
  const expiresAt = now + mail.lifetimeMs;
  const needsUtf8 = recipients.some((address) => !isAscii(Buffer.from(address)));
  return {
    message: {
      id,
      sender,
      options: { body: isAscii(bytes) ? '7bit' : '8bitmime', smtpUtf8: needsUtf8, requireTls: false },
      origin: { kind: 'internal', protocol: 'ESMTP', listener: 'internal' },
      senderBelieved: sender !== '',
      contentDigest: contentKey(createHash('sha256').update(bytes).digest('hex'), now),
      sizeBytes: bytes.length,
      startedAt: now,
      queuedAt: now,
      expiresAt,
      messageId,
      headerFrom,
    },
    recipients: recipients.map((address, index) => ({ index, address, notify: ['never'], state: 'queued', attempts: 0, nextAttemptAt: now })),
    content: new BufferSource(bytes),
    events: [
      { at: now, name: MESSAGE_EVENTS.accepted, data: { protocol: 'internal', about, sizeBytes: bytes.length, recipients: recipients.length } },
      { at: now, name: MESSAGE_EVENTS.queued, data: { expiresAt } },
    ],
  };
}
