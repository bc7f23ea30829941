/**
 * Makes a DSN out of what happened to a message's recipients: a queue item with the null sender (RFC 3464, RFC 3461 §6).
 */
import { createHash } from 'node:crypto';
import { isAscii } from 'node:buffer';
import { BufferSource, type ByteSource } from '../../base/byte-source.ts';
import { FEEDBACK_LIMITS } from '../../base/limits.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { QueueId } from '../../contract/message.ts';
import type { NewQueueItem, QueueMessage } from '../../contract/queue.ts';
import { buildDsn, type DsnFacts, type DsnRecipient } from '../../mail/dsn.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { firstField, headerEnd, parseHeader } from '../../mail/header.ts';
import { isPeerReply, noticeSubject, noticeText, replyLine, type NoticeEntry } from './notice-text.ts';
import { contentKey } from '../../mail/content-key.ts';

export interface NoticeInput {
  /** Queue id of the notice. */
  readonly id: QueueId;
  readonly hostname: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long the notice itself may wait. */
  readonly lifetimeMs: number;
  readonly message: QueueMessage;
  readonly content: ByteSource;
  /** The sender as its header names it. */
  readonly to: string;
  /** Whom the notice goes to: the sender, or everybody behind it. */
  readonly recipients: readonly string[];
  readonly entries: readonly NoticeEntry[];
  /** Adds a DKIM signature; what it throws is the caller's. */
  readonly sign: (content: ByteSource) => Promise<ByteSource>;
}

export async function buildNotice(input: NoticeInput): Promise<NewQueueItem> {
  const { message } = input;
  const original = await readOriginal(input);
  const { fields } = parseHeader(original.header);
  const from = `postmaster@${input.hostname}`;
  const facts: DsnFacts = {
    id: input.id,
    hostname: input.hostname,
    from,
    to: input.to,
    subject: noticeSubject(input.entries),
    date: input.now,
    text: noticeText({ hostname: input.hostname, now: input.now, message, subject: decodeWords(firstField(fields, 'subject')?.value ?? ''), entries: input.entries }),
    ...(message.options.envelopeId !== undefined && { envelopeId: message.options.envelopeId }),
    arrivedAt: message.queuedAt,
    originalId: message.id,
    recipients: input.entries.map((entry) => dsnRecipient(entry, input)),
    original: original.full ? { kind: 'full', bytes: original.full } : { kind: 'headers', bytes: original.header },
    ...(message.messageId && { originalMessageId: message.messageId }),
    utf8: message.options.smtpUtf8,
  };
  const built = buildDsn(facts);
  const content = await input.sign(new BufferSource(built));
  const bytes = content.inMemory ?? (await content.read());
  return queueItem(input, from, bytes);
}

function queueItem(input: NoticeInput, from: string, bytes: Buffer): NewQueueItem {
  const { message, now, id } = input;
  const expiresAt = now + input.lifetimeMs;
  return {
    message: {
      id,
      // RFC 3464 §2, RFC 5321 §4.5.5: the null reverse-path, so that nobody answers an answer.
      sender: '',
      options: { body: isAscii(bytes) ? '7bit' : '8bitmime', smtpUtf8: message.options.smtpUtf8 && needsUtf8(input.to, bytes), requireTls: message.options.requireTls },
      origin: { kind: 'internal', protocol: 'ESMTP', listener: 'internal' },
      senderBelieved: false,
      contentDigest: contentKey(createHash('sha256').update(bytes).digest('hex'), now),
      sizeBytes: bytes.length,
      startedAt: now,
      queuedAt: now,
      expiresAt,
      messageId: `<${id}@${input.hostname}>`,
      headerFrom: from,
    },
    recipients: input.recipients.map((address, index) => ({
      index,
      address,
      ...(address !== input.to && { via: input.to }),
      notify: ['never'],
      state: 'queued',
      attempts: 0,
      nextAttemptAt: now,
    })),
    content: new BufferSource(bytes),
    events: [
      { at: now, name: MESSAGE_EVENTS.accepted, data: { protocol: 'internal', about: message.id, sizeBytes: bytes.length, recipients: input.recipients.length } },
      { at: now, name: MESSAGE_EVENTS.queued, data: { expiresAt } },
    ],
  };
}

function needsUtf8(recipient: string, bytes: Buffer): boolean {
  const header = bytes.subarray(0, Math.max(0, headerEnd(bytes)));
  return !isAscii(Buffer.from(recipient)) || !isAscii(header) || bytes.includes('message/global');
}

interface Original {
  readonly header: Buffer;
  readonly full?: Buffer;
}

/**
 * RFC 3461 §4.3: RET=FULL is honoured up to a size, and where something failed; other reports bring the header alone.
 * RFC 8689 §5: the content of REQUIRETLS mail is never returned.
 */
async function readOriginal({ message, content, entries }: NoticeInput): Promise<Original> {
  const failed = entries.some(({ state }) => state === 'bounced' || state === 'expired');
  const wantsFull = failed && message.options.returnContent === 'full' && !message.options.requireTls;
  if (wantsFull && content.size <= FEEDBACK_LIMITS.returnedContentBytesMax) {
    const full = content.inMemory ?? (await content.read());
    return { header: headerOf(full), full };
  }
  return { header: headerOf(await content.read(0, Math.min(content.size, FEEDBACK_LIMITS.returnedHeaderBytesMax))) };
}

/** Whole fields only: a cut one would say what the message does not. */
function headerOf(bytes: Buffer): Buffer {
  if (headerEnd(bytes) >= 0) return bytes.subarray(0, headerEnd(bytes));
  const { fields } = parseHeader(bytes);
  return bytes.subarray(0, fields.at(-1)?.start ?? 0);
}

function dsnRecipient(entry: NoticeEntry, input: NoticeInput): DsnRecipient {
  const { recipient, attempt, reply } = entry;
  const fromPeer = isPeerReply(reply, attempt);
  return {
    address: recipient.address,
    ...(recipient.originalRecipient !== undefined && { originalRecipient: recipient.originalRecipient }),
    action: action(entry),
    status: statusCode(entry),
    ...(attempt.mx !== undefined && { remoteMta: attempt.mx }),
    ...(isTrouble(entry) && { diagnostic: { type: fromPeer ? ('smtp' as const) : ('x-posthorn' as const), text: replyLine(reply) } }),
    ...(endedByAttempt(entry) && { lastAttemptAt: input.now }),
    ...(entry.state === 'delayed' && { willRetryUntil: input.message.expiresAt }),
  };
}

/** What is late or has expired was tried last at some time before, and an administrator's bounce, perhaps, never. */
function endedByAttempt({ state, attempt }: NoticeEntry): boolean {
  return state === 'delivered' || (state === 'bounced' && attempt.mx !== undefined);
}

function isTrouble({ state }: NoticeEntry): boolean {
  return state !== 'delivered' && state !== 'expanded';
}

/** RFC 3464 §2.3.3: `delivered` only where it is in the mailbox; beyond a server without DSN nobody knows. */
function action(entry: NoticeEntry): DsnRecipient['action'] {
  if (entry.state === 'delayed' || entry.state === 'expanded') return entry.state;
  if (entry.state !== 'delivered') return 'failed';
  return entry.attempt.mx === undefined ? 'delivered' : 'relayed';
}

/** The peer's code when it fits the outcome, else the general one of that class (RFC 3463). */
function statusCode(entry: NoticeEntry): string {
  const { enhanced } = entry.reply;
  const valid = enhanced !== undefined && /^[245]\.\d{1,3}\.\d{1,3}$/.test(enhanced) ? enhanced : undefined;
  if (!isTrouble(entry)) return valid?.startsWith('2') ? valid : '2.0.0';
  if (entry.state === 'delayed') return valid?.startsWith('4') ? valid : '4.0.0';
  // RFC 3463 §3.5: delivery time expired.
  if (entry.state === 'expired') return valid?.startsWith('4') && valid !== '4.0.0' ? valid : '4.4.7';
  return valid?.startsWith('5') ? valid : '5.0.0';
}
