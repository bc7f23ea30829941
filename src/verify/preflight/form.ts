/**
 * The form of an outgoing message as receivers judge it: the fields that must be there once, line lengths, 8-bit text,
 * unsubscribing with one click. Pure.
 */
import { dateFault, fieldFaults, fromFault, messageIdFault } from '../header-form.ts';
import { longestLine } from '../longest-line.ts';
import { parseAddressList } from '../../mail/address-list.ts';
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

/** Later than the mail-tester: a message may have waited here for days. */
const DATE_BEHIND_MAX_MS = 7 * 86_400_000;

/** RFC 5322 §2.1.1, without the line end. */
const LINE_BYTES_MAX = 998;

export function formFindings(input: FormInput): Finding[] {
  return [...fromFindings(input.header), ...fieldFindings(input), ...textFindings(input), ...(input.bulk ? unsubscribeFindings(input.header) : [])];
}

function find(id: FindingId, text: string, fix: string): Finding {
  return { id, text, fix };
}

function fromFindings(header: ParsedHeader): Finding[] {
  const fault = fromFault(header, allFields(header.fields, 'from').flatMap(({ value }) => parseAddressList(value)));
  return fault ? [find(`from-${fault.kind}`, fault.text, fault.fix)] : [];
}

const FIELD_FINDINGS = { doubled: 'duplicate-header', 'doubled-other': 'header-broken', unreadable: 'header-broken' } as const;

function fieldFindings({ header, now }: FormInput): Finding[] {
  const id = messageIdFault(header);
  const date = dateFault(header, now, DATE_BEHIND_MAX_MS);
  return [
    ...fieldFaults(header).map(({ kind, text, fix }) => find(FIELD_FINDINGS[kind], text, fix)),
    ...(id ? [find(`message-id-${id.kind}`, id.text, id.fix)] : []),
    ...(date ? [find(`date-${date.kind}`, date.text, date.fix)] : []),
  ];
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
export function unsubscribeFindings({ fields }: ParsedHeader): Finding[] {
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
