/** A message that is sent to a seed to find out: an ordinary letter, or the user's own message with a new Message-ID. */
import { randomBytes } from 'node:crypto';
import { composeMessage } from '../mail/compose.ts';
import { formatDate } from '../mail/date.ts';
import { headerEnd, parseHeader } from '../mail/header.ts';
import { TEST_MARK } from './collect.ts';

export interface TestMessage {
  readonly messageId: string;
  readonly content: Buffer;
}

export interface TestLetter {
  readonly from: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** A message of the user's to send instead: CRLF line ends. */
  readonly template?: Buffer;
}

/** What is replaced in a template: it is addressed anew, and must not carry what was made for another recipient. */
const REPLACED = new Set(['message-id', 'to', 'cc', 'bcc', 'date', 'dkim-signature', 'received', 'return-path', 'delivered-to', 'authentication-results']);

export function testMessage({ from, to, date, template }: TestLetter): TestMessage {
  const messageId = `${TEST_MARK}${date.toString(36)}.${randomBytes(8).toString('hex')}@${from.slice(from.lastIndexOf('@') + 1)}>`;
  if (template) return { messageId, content: readdressed(template, { to, date, messageId }) };
  const text = [
    'Hello,', '',
    'this message was sent by our mail server to see that mail arrives where it should, and how soon.',
    'Nobody has to do anything about it.', '',
    'With kind regards,', 'the mail server', '',
  ].join('\n');
  return { messageId, content: composeMessage({ from: { name: 'Mail server', address: from }, to: [to], subject: `Where does our mail arrive? ${new Date(date).toISOString().slice(0, 16).replace('T', ' ')}`, text, date, messageId }) };
}

function readdressed(template: Buffer, { to, date, messageId }: { readonly to: string; readonly date: number; readonly messageId: string }): Buffer {
  const end = headerEnd(template);
  const header = end < 0 ? template : template.subarray(0, end);
  const kept: Buffer[] = [Buffer.from(`Date: ${formatDate(date)}\r\nTo: ${to}\r\nMessage-ID: ${messageId}\r\n`)];
  let at = 0;
  for (const { lower, start, end: fieldEnd } of parseHeader(header).fields) {
    if (!REPLACED.has(lower)) kept.push(header.subarray(start, fieldEnd));
    at = fieldEnd;
  }
  return Buffer.concat([...kept, header.subarray(at), template.subarray(header.length)]);
}
