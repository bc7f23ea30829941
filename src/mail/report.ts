/**
 * The frame of reports by mail (RFC 6522 multipart/report): a text for people, fields for programs, and the message or
 * header it is about. Used by DSNs and feedback reports, to build and to read.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { SMTP_SERVER_LIMITS } from '../base/limits.ts';
import { foldField, headerEnd, parseHeader } from './header.ts';
import { findParameter } from './mime-parameters.ts';
import type { MimePart } from './mime-structure.ts';
import { parseMimeStructure } from './mime-structure.ts';
import { decodeBody, decodeText } from './text.ts';
import { encodeQuotedPrintable, isCleanText } from './transfer-encoding.ts';

export type ReportField = readonly [name: string, value: string];

export interface ReportMessage {
  /** Header fields of the report itself, in order, encoded already. */
  readonly header: readonly ReportField[];
  readonly reportType: string;
  /** Unique in the message; letters, digits, dots, dashes. */
  readonly boundary: string;
  /** Plain text, `\n` line ends. */
  readonly text: string;
  /** Media type of the machine-readable part, and its groups of fields. */
  readonly machineType: string;
  readonly groups: readonly (readonly ReportField[])[];
  readonly original?: { readonly type: 'message/rfc822' | 'text/rfc822-headers' | 'message/global' | 'message/global-headers'; readonly bytes: Buffer };
}

/** The whole message. 8-bit bytes occur only in fields of `utf8` reports and in an enclosed message that has them. */
export function buildReport(report: ReportMessage): Buffer {
  const pieces: Buffer[] = [];
  const put = (text: string): void => void pieces.push(Buffer.from(text));
  for (const [name, value] of report.header) put(foldField(name, value));
  put(`MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=${report.reportType};\r\n boundary="${report.boundary}"\r\n\r\n`);
  put(`This is a report in MIME format.\r\n\r\n--${report.boundary}\r\n`);
  pieces.push(textPart(report.text));
  const machine = report.groups.map((group) => group.map(([name, value]) => foldField(name, value, 200)).join('')).join('\r\n');
  put(`\r\n--${report.boundary}\r\nContent-Type: ${report.machineType}\r\n${isAscii(Buffer.from(machine)) ? '' : 'Content-Transfer-Encoding: 8bit\r\n'}\r\n${machine}`);
  if (report.original) {
    put(`\r\n--${report.boundary}\r\n`);
    pieces.push(originalPart(report.original));
  }
  put(`\r\n--${report.boundary}--\r\n`);
  return Buffer.concat(pieces);
}

function textPart(text: string): Buffer {
  const bytes = Buffer.from(text.replace(/\r?\n/g, '\r\n'));
  const clean = isCleanText(bytes);
  const head = `Content-Type: text/plain; charset=${isAscii(bytes) ? 'us-ascii' : 'utf-8'}\r\n${clean ? '' : 'Content-Transfer-Encoding: quoted-printable\r\n'}\r\n`;
  return Buffer.concat([Buffer.from(head), clean ? bytes : encodeQuotedPrintable(bytes)]);
}

function originalPart(original: NonNullable<ReportMessage['original']>): Buffer {
  const head = `Content-Type: ${original.type}\r\n`;
  // RFC 6522 §4: text/rfc822-headers is text, so it may be encoded; an enclosed message may not (RFC 2046 §5.2.1).
  if (original.type === 'text/rfc822-headers' && !isCleanText(original.bytes)) {
    return Buffer.concat([Buffer.from(`${head}Content-Transfer-Encoding: quoted-printable\r\n\r\n`), encodeQuotedPrintable(original.bytes)]);
  }
  const encoding = isAscii(original.bytes) ? '' : 'Content-Transfer-Encoding: 8bit\r\n';
  return Buffer.concat([Buffer.from(`${head}${encoding}\r\n`), original.bytes]);
}

export interface ParsedReport {
  readonly reportType: string;
  readonly text: string;
  /** One map per group; names in lower case, all values of a repeated name. */
  readonly groups: readonly ReadonlyMap<string, readonly string[]>[];
  /** Header bytes of the message it is about, when enclosed. */
  readonly originalHeader?: Buffer;
}

/** Largest machine-readable part that is read. */
const MACHINE_BYTES_MAX = 256 * 1024;
const GROUPS_MAX = 2000;

/** Reads a report whose machine part has one of these subtypes; undefined when it is none. */
export function parseReport(bytes: Buffer, machineSubtypes: readonly string[]): ParsedReport | undefined {
  const root = parseMimeStructure(bytes);
  if (root.type !== 'multipart' || root.subtype !== 'report' || !root.parts) return undefined;
  const machine = root.parts.find((part) => part.type === 'message' && machineSubtypes.includes(part.subtype));
  if (!machine) return undefined;
  const text = root.parts.find((part) => part !== machine && part.type === 'text');
  const original = root.parts.find((part) => part !== machine && isOriginal(part));
  return {
    reportType: (findParameter(root.parameters, 'report-type') ?? '').toLowerCase(),
    text: text ? decodeText(bytes, text) : '',
    groups: readGroups(decodeBody(bytes, machine).subarray(0, MACHINE_BYTES_MAX)),
    ...(original && { originalHeader: originalHeader(bytes, original) }),
  };
}

function isOriginal(part: MimePart): boolean {
  return (part.type === 'message' && /^(?:rfc822|global|global-headers)$/.test(part.subtype)) || (part.type === 'text' && part.subtype === 'rfc822-headers');
}

/** No more of it than any message may have. */
function originalHeader(bytes: Buffer, part: MimePart): Buffer {
  const body = decodeBody(bytes, part).subarray(0, SMTP_SERVER_LIMITS.headerBytesMax);
  const end = headerEnd(body);
  return end < 0 ? body : body.subarray(0, end);
}

function readGroups(bytes: Buffer): ReadonlyMap<string, readonly string[]>[] {
  const groups: Map<string, string[]>[] = [];
  let rest = bytes;
  while (rest.length > 0 && groups.length < GROUPS_MAX) {
    const { fields, bodyOffset } = parseHeader(rest);
    if (fields.length > 0) {
      const group = new Map<string, string[]>();
      for (const { lower, value } of fields) {
        const values = group.get(lower);
        if (values) values.push(value);
        else group.set(lower, [value]);
      }
      groups.push(group);
    }
    rest = rest.subarray(bodyOffset);
  }
  return groups;
}

/** Text for a field of a report: UTF-8 when allowed, else non-ASCII characters become `?`. */
export function fieldText(text: string, utf8: boolean): string {
  // RFC 5322 §2.1.1: a peer's word without blanks could make a line that the next hop refuses.
  const flat = text.replace(/\p{Cc}+/gu, ' ').replace(/\S{400}/gu, '$& ').trim();
  return utf8 ? flat : flat.replace(/[^\0-\x7f]/g, '?');
}

/** Header bytes as a report may enclose them: in a `utf8` report as they are, when valid. */
export function headerKind(header: Buffer, utf8: boolean): 'text/rfc822-headers' | 'message/global-headers' {
  return utf8 && !isAscii(header) && isUtf8(header) ? 'message/global-headers' : 'text/rfc822-headers';
}

