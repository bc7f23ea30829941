/**
 * Complaints as they come by mail, in whatever form: ARF (RFC 5965), the lines of X-ARF 0.1 and 0.2, and copies without a
 * report, as the Junk Mail Reporting Program of Outlook.com sent them until 2026. X-ARF as JSON is a document like others;
 * see verify/reports/report-file.ts. Pure.
 *
 * A copy is known by the field in which Microsoft names the recipient, X-HmXmrOriginalRecipient, at the top of the message
 * when it came as it was, else at the top of the message that is attached; or by who sends attached copies, staff@hotmail.com.
 */
import { SMTP_SERVER_LIMITS } from '../base/limits.ts';
import { parseAddressList } from './address-list.ts';
import { parseArf, type ParsedArf } from './arf.ts';
import { firstField, headerEnd, parseHeader, type HeaderField } from './header.ts';
import { parseMimeStructure, type MimePart } from './mime-structure.ts';
import { decodeBody, decodeText } from './text.ts';
import { readXarfLines } from './xarf.ts';

const NAMED_RECIPIENT = 'x-hmxmroriginalrecipient';
const JMRP_SENDER = 'staff@hotmail.com';
/** Its subject says from where the message came: "complaint about message from 192.0.2.1". */
const JMRP_SUBJECT = /\bcomplaint about message from\s+([0-9a-f.:]{2,45})\s*$/i;
const LINES_BYTES_MAX = 64 * 1024;

/** Undefined when the message is no complaint, or one as JSON. */
export function parseComplaint(message: Buffer): ParsedArf | undefined {
  const arf = parseArf(message);
  if (arf?.feedbackType === 'xarf') return undefined;
  if (arf) return withNamedRecipient(arf);
  const { fields } = parseHeader(message.subarray(0, SMTP_SERVER_LIMITS.headerBytesMax));
  return xarfLines(message, fields) ?? copy(message, fields);
}

/** RFC 5965 lets reporters leave the recipient out; Microsoft then still names it in the copy. */
function withNamedRecipient(arf: ParsedArf): ParsedArf {
  if (arf.originalRecipients.length > 0 || !arf.originalHeader) return arf;
  return { ...arf, originalRecipients: namedRecipient(parseHeader(arf.originalHeader).fields) };
}

function xarfLines(message: Buffer, fields: readonly HeaderField[]): ParsedArf | undefined {
  if (!firstField(fields, 'x-xarf') && !firstField(fields, 'x-arf')) return undefined;
  const { parts = [] } = parseMimeStructure(message);
  const lines = parts.filter(({ type, subtype }) => type === 'text' && subtype === 'plain').map((part) => decodeText(message, part).slice(0, LINES_BYTES_MAX));
  const original = parts.find(isMail);
  for (const one of lines) {
    const read = readXarfLines(one, original && headerOf(decodeBody(message, original)));
    if (read) return read;
  }
  return undefined;
}

function copy(message: Buffer, fields: readonly HeaderField[]): ParsedArf | undefined {
  if (firstField(fields, NAMED_RECIPIENT)) return complaintAbout(headerOf(message), undefined);
  const [sender] = parseAddressList(firstField(fields, 'from')?.value ?? '');
  const attached = parseMimeStructure(message).parts?.find(isMail);
  if (!attached) return undefined;
  const header = headerOf(decodeBody(message, attached));
  const isCopy = firstField(parseHeader(header).fields, NAMED_RECIPIENT) !== undefined || sender?.address?.toLowerCase() === JMRP_SENDER;
  return isCopy ? complaintAbout(header, JMRP_SUBJECT.exec(firstField(fields, 'subject')?.value ?? '')?.[1]) : undefined;
}

function complaintAbout(header: Buffer, sourceIp: string | undefined): ParsedArf {
  const { fields } = parseHeader(header);
  const messageId = firstField(fields, 'message-id')?.value;
  return {
    feedbackType: 'abuse', originalRecipients: namedRecipient(fields), reportedDomains: [], originalHeader: header,
    ...(sourceIp !== undefined && { sourceIp }), ...(messageId !== undefined && { originalMessageId: messageId }),
  };
}

function namedRecipient(fields: readonly HeaderField[]): readonly string[] {
  const named = (firstField(fields, NAMED_RECIPIENT)?.value ?? '').trim().replace(/^<(.*)>$/, '$1');
  return named === '' ? [] : [named];
}

function isMail({ type, subtype }: MimePart): boolean {
  return (type === 'message' && (subtype === 'rfc822' || subtype === 'global')) || (type === 'text' && subtype === 'rfc822-headers');
}

function headerOf(message: Buffer): Buffer {
  const bytes = message.subarray(0, SMTP_SERVER_LIMITS.headerBytesMax);
  const end = headerEnd(bytes);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
