/**
 * May this message be answered by a machine, and what is the answer? RFC 5230 §4, RFC 3834. Pure.
 *
 * Policy: an answer goes to a person who wrote to this person, once in a period. Nobody answers lists, mailings, machines,
 * reports, junk, oneself, or a sender that may be forged: a wrong answer hits somebody who never wrote.
 */
import { createHash } from 'node:crypto';
import { addressKey, domainOf, localPartOf, splitDetail } from '../../mail/address.ts';
import { parseAddressList } from '../../mail/address-list.ts';
import { composeMessage, replyHeaders } from '../../mail/compose.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { allFields, firstField, headerEnd, parseHeader, type HeaderField } from '../../mail/header.ts';
import type { VacationAction } from '../../sieve/action.ts';

export interface VacationQuestion {
  /** Of the message to be answered. */
  readonly fields: readonly HeaderField[];
  readonly sender: string;
  /** Something vouches for the sender, or another server of ours has judged the message. */
  readonly believed: boolean;
  readonly junk: boolean;
  /** Addresses of the account that the message came to, in any form. */
  readonly own: readonly string[];
  readonly action: Pick<VacationAction, 'addresses'>;
}

/** Why there is no answer; undefined: there may be one. */
export function vacationObstacle({ fields, sender, believed, junk, own, action }: VacationQuestion): string | undefined {
  const value = (name: string): string => firstField(fields, name)?.value.trim().toLowerCase() ?? '';
  if (sender === '') return 'the message is a report itself';
  if (junk) return 'the message was judged to be junk';
  if (!believed) return 'the sender may be forged';
  if (isMachine(sender)) return `${sender} is no person`;
  const mine = new Set([...own, ...action.addresses].map(plainKey));
  if (mine.has(plainKey(sender))) return 'the sender is the owner of the mailbox';
  // RFC 3834 §2.
  if (!['', 'no'].includes(value('auto-submitted').replace(/;.*$/s, '').trim())) return 'the message was sent by a machine';
  if (/\b(?:bulk|list|junk)\b/.test(value('precedence'))) return 'the message is a mailing';
  if (fields.some(({ lower }) => lower.startsWith('list-')) || value('mailing-list') !== '') return 'the message came through a list';
  if (/\b(?:oof|all|autoreply)\b/.test(value('x-auto-response-suppress'))) return 'the sender wants no automatic answer';
  if (value('x-loop') !== '') return 'the message went through a list or a filter';
  // RFC 5230 §4.5.
  return ADDRESSED.some((name) => allFields(fields, name).some((field) => parseAddressList(field.value).some(({ address }) => mine.has(plainKey(address))))) ? undefined : 'none of the addresses of the owner is in To or Cc';
}

const ADDRESSED = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc'];

/** RFC 5230 §4.6: senders that are lists and machines by their name. */
function isMachine(sender: string): boolean {
  const local = localPartOf(sender).toLowerCase();
  return /^(?:mailer-daemon|daemon|root|listserv|majordomo|postmaster|no-?reply|do-?not-?reply|bounces?|owner-.*|.*-(?:request|owner|relay|bounces?|errors|confirm))$/.test(local) || /^(?:bounces?|prvs|srs[01])[-+=]/.test(local);
}

/** Without the detail of plus-addressing. */
function plainKey(address: string): string {
  return addressKey(`${splitDetail(localPartOf(address)).base}@${domainOf(address)}`);
}

/** What is remembered of an answer: who got it, and which. */
export function vacationKey(sender: string, handle: string): string {
  return createHash('sha256').update(`${addressKey(sender)}\0${handle}`).digest('hex');
}

export interface VacationAnswer {
  readonly fields: readonly HeaderField[];
  readonly action: VacationAction;
  /** An address of the account, with its name if the script gives one. */
  readonly from: { readonly name?: string; readonly address: string };
  readonly to: string;
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const SUBJECT_CHARS_MAX = 200;

export function vacationMessage({ fields, action, from, to, messageId, now }: VacationAnswer): Buffer {
  const original = decodeWords(firstField(fields, 'subject')?.value ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const { inReplyTo, references } = replyHeaders(fields, original);
  const composed = composeMessage({
    from,
    to: [to],
    // RFC 5230 §5.2.
    subject: action.subject ?? `Auto: ${original === '' ? 'your message' : original.slice(0, SUBJECT_CHARS_MAX)}`,
    text: action.mime ? '' : action.reason,
    date: now,
    messageId,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    references,
    // RFC 5230 §5.7, RFC 3834 §5; the second is for programs that know no better.
    headers: [['Auto-Submitted', 'auto-replied (vacation)'], ['X-Auto-Response-Suppress', 'All']],
  });
  return action.mime ? withEntity(composed, action.reason) : composed;
}

function isContent({ lower }: HeaderField): boolean {
  return lower.startsWith('content-');
}

/** RFC 5230 §4.4: the reason is a MIME entity. Only its Content- fields count: the others are those of the answer. */
function withEntity(composed: Buffer, reason: string): Buffer {
  const entity = Buffer.from(reason.replace(/\r\n?|\n/g, '\r\n'));
  const end = headerEnd(entity);
  const head = parseHeader(entity.subarray(0, end < 0 ? entity.length : end));
  const own = parseHeader(composed.subarray(0, headerEnd(composed))).fields.filter((field) => !isContent(field));
  const raw = [...own, ...head.fields.filter(isContent)].map((field) => field.raw);
  return Buffer.concat([...raw, Buffer.from('\r\n'), end < 0 ? Buffer.alloc(0) : entity.subarray(end)]);
}
