/**
 * A message that waits in a file until a server runs: what `sendmail` leaves in `<data-dir>/spool/maildrop/`.
 *
 * Form: one line of JSON (the envelope, with length and SHA-256 of the content), LF, then the content as it would go
 * through SMTP: CRLF line ends, not dot-stuffed. The length and the hash tell a whole file from a torn one. Any local user
 * can put a file there, so everything in it is as untrusted as SMTP input.
 */
import { createHash } from 'node:crypto';
import { isVerpDelimiters } from './verp.ts';

export interface SpoolEnvelope {
  /** '' is the null sender. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly body: '7bit' | '8bitmime';
  readonly smtpUtf8: boolean;
  /** RFC 3461 §4.1, as for every recipient; absent: the default. */
  readonly notify?: readonly ('never' | 'success' | 'failure' | 'delay')[];
  readonly returnContent?: 'full' | 'headers';
  readonly envelopeId?: string;
  /** Senders for each recipient (mail/verp.ts): the two delimiters, or ''. */
  readonly verp?: string;
  /** Milliseconds since 1970 when it was handed in. */
  readonly at: number;
  /** Name of the user who handed it in, as the command saw it: for the log only, never for a decision. */
  readonly user: string;
}

export type SpoolDecoded =
  | { readonly kind: 'whole'; readonly envelope: SpoolEnvelope; /** Where the content begins. */ readonly contentOffset: number }
  | { readonly kind: 'damaged'; readonly reason: string };

const VERSION = 1;
const RECIPIENTS_MAX = 100_000;
const NOTIFY = ['never', 'success', 'failure', 'delay'];

export function encodeSpoolFile(envelope: SpoolEnvelope, content: Buffer): Buffer {
  const head = { version: VERSION, ...envelope, size: content.length, sha256: digest(content) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), content]);
}

/** Never throws. */
export function decodeSpoolFile(bytes: Buffer): SpoolDecoded {
  const end = bytes.indexOf(10);
  if (end < 0) return { kind: 'damaged', reason: 'the envelope line does not end' };
  let head: unknown;
  try {
    head = JSON.parse(bytes.subarray(0, end).toString('utf8'));
  } catch {
    return { kind: 'damaged', reason: 'the envelope is not JSON' };
  }
  if (typeof head !== 'object' || head === null) return { kind: 'damaged', reason: 'the envelope is no object' };
  const fields = head as Record<string, unknown>;
  const wrong = wrongField(fields);
  if (wrong !== undefined) return { kind: 'damaged', reason: wrong };
  const content = bytes.subarray(end + 1);
  if (content.length !== fields['size']) return { kind: 'damaged', reason: `${content.length} bytes of ${String(fields['size'])}` };
  if (digest(content) !== fields['sha256']) return { kind: 'damaged', reason: 'the content does not fit its SHA-256' };
  return { kind: 'whole', envelope: pick(fields as unknown as SpoolEnvelope), contentOffset: end + 1 };
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function wrongField(fields: Readonly<Record<string, unknown>>): string | undefined {
  const { version, sender, recipients, body, smtpUtf8, notify, returnContent, envelopeId, verp, at, user } = fields;
  if (version !== VERSION) return `version ${String(version)} is not known here`;
  if (!isLine(sender)) return 'the sender is no text';
  if (!Array.isArray(recipients) || recipients.length === 0 || recipients.length > RECIPIENTS_MAX) return 'no list of recipients';
  if (!recipients.every((recipient) => isLine(recipient) && recipient !== '')) return 'a recipient is no text';
  if (body !== '7bit' && body !== '8bitmime') return 'body is not known';
  if (typeof smtpUtf8 !== 'boolean' || typeof at !== 'number' || !isLine(user)) return 'smtpUtf8, at or user is missing';
  if (notify !== undefined && !(Array.isArray(notify) && notify.every((word) => NOTIFY.includes(word as string)))) return 'notify is not known';
  if (returnContent !== undefined && returnContent !== 'full' && returnContent !== 'headers') return 'returnContent is not known';
  if (envelopeId !== undefined && !isLine(envelopeId)) return 'envelopeId is no text';
  if (verp !== undefined && !(verp === '' || (typeof verp === 'string' && isVerpDelimiters(verp)))) return 'verp is not known';
  return undefined;
}

function isLine(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1000 && !/[\r\n\0]/.test(value);
}

function pick(fields: SpoolEnvelope): SpoolEnvelope {
  const { sender, recipients, body, smtpUtf8, notify, returnContent, envelopeId, verp, at, user } = fields;
  return {
    sender,
    recipients,
    body,
    smtpUtf8,
    ...(notify && { notify }),
    ...(returnContent && { returnContent }),
    ...(envelopeId !== undefined && { envelopeId }),
    ...(verp !== undefined && { verp }),
    at,
    user,
  };
}
