/** The fields that final delivery puts before a copy: Return-Path (RFC 5321 §4.4), Delivered-To (RFC 9228), X-Original-To. */
import type { ByteSource } from '../../base/byte-source.ts';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import type { QueueRecipient } from '../../contract/queue.ts';
import { addressKey } from '../../mail/address.ts';
import { allFields, parseHeader } from '../../mail/header.ts';

/** CRLF lines. */
export function tracePrefix(sender: string, recipient: QueueRecipient): Buffer {
  const lines = [`Return-Path: <${sender}>`, `Delivered-To: ${recipient.address}`];
  const original = recipient.originalRecipient?.replace(/^[a-z0-9-]{1,30};/i, '');
  if (original !== undefined && addressKey(original) !== addressKey(recipient.address)) lines.push(`X-Original-To: ${original}`);
  // Addresses were checked when they came in; ORCPT is whatever the sender wrote (RFC 3461 §4.2).
  return Buffer.from(lines.filter(isOneLine).map((line) => `${line}\r\n`).join(''));
}

/** RFC 5322 §2.1.1 allows lines of 998 octets. */
function isOneLine(line: string): boolean {
  return !/\p{Cc}/u.test(line) && Buffer.byteLength(line) <= 998;
}

/** Addresses this message has been delivered to before, as addressKey. */
export async function deliveredTo(content: ByteSource): Promise<ReadonlySet<string>> {
  const head = await content.read(0, Math.min(content.size, SMTP_SERVER_LIMITS.headerBytesMax));
  return new Set(allFields(parseHeader(head).fields, 'delivered-to').map((field) => addressKey(field.value)));
}
