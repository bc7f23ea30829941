/**
 * Abuse reports in the Extended Abuse Reporting Format (xarf.org), read as the complaints that they are when they are about
 * mail: versions 1 to 4 are JSON, version 0.1 and 0.2 a list of `Name: value` lines (a subset of YAML). Pure.
 *
 * Policy: tolerant of what is missing; what a report is about beside mail (ports, sites, log-ins) is of type `other`.
 */
import { isIP } from 'node:net';
import { SMTP_SERVER_LIMITS } from '../base/limits.ts';
import type { ParsedArf } from './arf.ts';
import { parseDate } from './date.ts';
import { firstField, headerEnd, parseHeader } from './header.ts';

type Fields = Readonly<Record<string, unknown>>;

const TEXT_CHARS_MAX = 1000;
const EVIDENCE_MAX = 20;

/** Of a parsed JSON document; undefined when it is no such report. */
export function readXarf(document: unknown): ParsedArf | undefined {
  const root = fieldsOf(document);
  if (text(root['xarf_version']) !== undefined) return readCurrent(root);
  const report = fieldsOf(root['Report']);
  return text(report['ReportType']) === undefined ? undefined : readLegacy(report);
}

/** Version 4. */
function readCurrent(root: Fields): ParsedArf {
  return complaint({
    feedbackType: text(root['category'])?.toLowerCase() === 'messaging' ? 'abuse' : 'other',
    source: text(root['source_identifier']),
    mailFrom: text(root['smtp_from']),
    recipient: text(root['smtp_to']),
    messageId: text(root['message_id']),
    arrivedAt: Date.parse(text(root['timestamp']) ?? ''),
    original: mailIn(root['evidence']),
  });
}

/** Versions 1 to 3. */
function readLegacy(report: Fields): ParsedArf {
  return complaint({
    feedbackType: text(report['ReportType'])?.toLowerCase() === 'spam' ? 'abuse' : 'other',
    source: text(report['SourceIp']) ?? text(fieldsOf(report['Source'])['IP']),
    mailFrom: text(report['SmtpMailFromAddress']),
    recipient: text(report['SmtpRcptToAddress']),
    messageId: text(report['SmtpMessageId']),
    arrivedAt: Date.parse(text(report['Date']) ?? ''),
    original: mailIn(report['Samples']) ?? mailIn(report['Attachment']),
  });
}

/** Versions 0.1 and 0.2: the text of the part `report.txt`; `original`: the header of the mail in the part behind it. */
export function readXarfLines(lines: string, original: Buffer | undefined): ParsedArf | undefined {
  const values = new Map(lines.split(/\r?\n/).flatMap((line) => {
    const [, name = '', value = ''] = /^([A-Za-z-]{1,40}):\s*(.{0,1000})$/.exec(line.trimEnd()) ?? [];
    return name === '' ? [] : [[name.toLowerCase(), value.replace(/^(['"])(.*)\1$/, '$2')] as const];
  }));
  if (!values.has('report-type') || !values.has('reported-from') || !values.has('source')) return undefined;
  return complaint({
    feedbackType: values.get('report-type')?.toLowerCase() === 'spam' ? 'abuse' : 'other',
    source: values.get('source'),
    arrivedAt: parseDate(values.get('date') ?? '') ?? Date.parse(values.get('date') ?? ''),
    original,
  });
}

interface Facts {
  readonly feedbackType: string;
  readonly source: string | undefined;
  readonly mailFrom?: string | undefined;
  readonly recipient?: string | undefined;
  readonly messageId?: string | undefined;
  readonly arrivedAt: number;
  readonly original: Buffer | undefined;
}

function complaint({ feedbackType, source, mailFrom, recipient, messageId, arrivedAt, original }: Facts): ParsedArf {
  const id = (original && firstField(parseHeader(original).fields, 'message-id')?.value) ?? messageId;
  return {
    feedbackType,
    originalRecipients: recipient === undefined ? [] : [recipient],
    reportedDomains: [],
    ...(source !== undefined && isIP(source) !== 0 && { sourceIp: source }),
    ...(mailFrom !== undefined && { originalMailFrom: mailFrom }),
    ...(Number.isFinite(arrivedAt) && { arrivedAt }),
    ...(id !== undefined && { originalMessageId: id }),
    ...(original && { originalHeader: original }),
  };
}

/** The header of the first mail among the evidence. */
function mailIn(evidence: unknown): Buffer | undefined {
  for (const one of Array.isArray(evidence) ? evidence.slice(0, EVIDENCE_MAX).map(fieldsOf) : []) {
    const type = text(one['content_type']) ?? text(one['ContentType']) ?? '';
    const payload = one['payload'] ?? one['Payload'] ?? one['Data'];
    if (!/^(?:message\/rfc822|text\/rfc822-headers)\b/i.test(type) || typeof payload !== 'string') continue;
    const bytes = Buffer.from(payload, one['Base64Encoded'] === false ? 'latin1' : 'base64').subarray(0, SMTP_SERVER_LIMITS.headerBytesMax);
    const end = headerEnd(bytes);
    return end < 0 ? bytes : bytes.subarray(0, end);
  }
  return undefined;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, TEXT_CHARS_MAX) : undefined;
}
