/**
 * The form of an outgoing message as receivers judge it: the fields that must be there once, line lengths, 8-bit text,
 * unsubscribing with one click. Pure.
 */
import { longestLine } from '../longest-line.ts';
import { parseAddressList } from '../../mail/address-list.ts';
import { parseDate } from '../../mail/date.ts';
import { allFields, firstField, type ParsedHeader } from '../../mail/header.ts';
import type { Finding, FindingId } from './finding.ts';

export interface FormInput {
  readonly header: ParsedHeader;
  /** Header and body, or as much of them as is looked at. */
  readonly bytes: Buffer;
  /** As declared in MAIL FROM. */
  readonly body: '7bit' | '8bitmime' | 'binarymime';
  readonly smtpUtf8: boolean;
  readonly bulk: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** RFC 5322 §3.6: these stand at most once. From has findings of its own. */
const SINGLE_FIELDS = ['date', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'message-id', 'in-reply-to', 'references', 'subject'] as const;

const DAY_MS = 86_400_000;
/** A date further off looks like a wrong clock or an old message sent again. */
const DATE_AHEAD_MAX_MS = DAY_MS;
const DATE_BEHIND_MAX_MS = 7 * DAY_MS;

/** RFC 5322 §2.1.1, without the line end. */
const LINE_BYTES_MAX = 998;

export function formFindings(input: FormInput): Finding[] {
  return [...fromFindings(input.header), ...singleFieldFindings(input), ...dateFindings(input), ...textFindings(input), ...(input.bulk ? unsubscribeFindings(input.header) : [])];
}

function find(id: FindingId, text: string, fix: string): Finding {
  return { id, text, fix };
}

function fromFindings({ fields }: ParsedHeader): Finding[] {
  const from = allFields(fields, 'from');
  const one = 'Write exactly one From field with one address.';
  if (from.length === 0) return [find('from-missing', 'The message has no From field.', one)];
  if (from.length > 1) return [find('from-multiple', `The message has ${from.length} From fields.`, one)];
  const addresses = parseAddressList(from[0]?.value ?? '').filter(({ address }) => /^[^@\s]+@[^@\s]+$/.test(address));
  if (addresses.length === 0) return [find('from-malformed', 'The From field holds no address.', one)];
  if (addresses.length > 1) return [find('from-multiple', `The From field holds ${addresses.length} addresses; large receivers refuse that.`, one)];
  return [];
}

function singleFieldFindings({ header: { fields } }: FormInput): Finding[] {
  const findings: Finding[] = [];
  for (const name of SINGLE_FIELDS) {
    const number = allFields(fields, name).length;
    if (number > 1) findings.push(find('duplicate-header', `The field ${displayName(name)} stands ${number} times; RFC 5322 allows it once.`, 'Look for a program on the way that adds the field again.'));
  }
  const messageId = firstField(fields, 'message-id')?.value;
  if (messageId === undefined || messageId === '') findings.push(find('message-id-missing', 'The message has no Message-ID.', 'Let the sending program set one, or submit with a log-in: then it is added.'));
  else if (!/^<[^<>\s@]+@[^<>\s]+>$/.test(messageId)) findings.push(find('message-id-malformed', 'The Message-ID does not have the form <something@domain>.', 'Correct it in the sending program.'));
  return findings;
}

function displayName(lower: string): string {
  return lower === 'message-id' ? 'Message-ID' : lower.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function dateFindings({ header, now }: FormInput): Finding[] {
  const value = firstField(header.fields, 'date')?.value;
  if (value === undefined || value === '') return [find('date-missing', 'The message has no Date.', 'Let the sending program set one, or submit with a log-in: then it is added.')];
  const at = parseDate(value);
  const fix = 'Correct the clock or the program that writes the Date.';
  if (at === undefined) return [find('date-odd', 'The Date cannot be read.', fix)];
  if (at - now > DATE_AHEAD_MAX_MS) return [find('date-odd', 'The Date lies more than a day in the future.', fix)];
  if (now - at > DATE_BEHIND_MAX_MS) return [find('date-odd', 'The Date lies more than a week back.', fix)];
  return [];
}

function textFindings({ header, bytes, body, smtpUtf8 }: FormInput): Finding[] {
  const findings: Finding[] = [];
  const isHigh = (from: number, to: number): boolean => bytes.subarray(from, to).some((byte) => byte > 127);
  if (!smtpUtf8 && isHigh(0, header.bodyOffset)) {
    findings.push(find('header-eight-bit', 'The header holds letters beyond ASCII that are not encoded (RFC 2047).', 'Encode them in the sending program.'));
  }
  if (body === '7bit' && isHigh(header.bodyOffset, bytes.length)) {
    findings.push(find('body-eight-bit', 'The body holds 8-bit text although it was declared as 7-bit.', 'Declare BODY=8BITMIME, or encode the text.'));
  }
  const line = body === 'binarymime' ? 0 : longestLine(bytes);
  if (line > LINE_BYTES_MAX) {
    findings.push(find('line-too-long', `The message has a line of ${line} bytes; ${LINE_BYTES_MAX} are allowed (RFC 5322 section 2.1.1).`, 'Encode the part as quoted-printable or base64.'));
  }
  return findings;
}

/** RFC 8058 §3.1, which also wants both fields signed (§4). */
function unsubscribeFindings({ fields }: ParsedHeader): Finding[] {
  const target = firstField(fields, 'list-unsubscribe')?.value ?? '';
  const post = firstField(fields, 'list-unsubscribe-post')?.value ?? '';
  const fix = 'Add List-Unsubscribe with an https address and List-Unsubscribe-Post: List-Unsubscribe=One-Click, before the message is signed.';
  if (!/<https:/i.test(target) || !/^list-unsubscribe=one-click$/i.test(post.trim())) {
    return [find('one-click-missing', 'The message goes to many and cannot be unsubscribed from with one click (RFC 8058).', fix)];
  }
  const signed = allFields(fields, 'dkim-signature').some(({ value }) => {
    const names = /(?:^|;)\s*h\s*=([^;]*)/i.exec(value)?.[1]?.toLowerCase().split(':').map((name) => name.trim()) ?? [];
    return names.includes('list-unsubscribe') && names.includes('list-unsubscribe-post');
  });
  return signed ? [] : [find('one-click-unsigned', 'No DKIM signature covers List-Unsubscribe and List-Unsubscribe-Post (RFC 8058 section 4).', fix)];
}
