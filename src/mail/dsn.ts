/**
 * Delivery status notifications (RFC 3464, RFC 3461; RFC 6533 for internationalized mail), built and read.
 * Which to send, and their words for people, is decided by flow/feedback.
 */
import { isAscii } from 'node:buffer';
import { formatDate, parseDate } from './date.ts';
import { encodeText } from './encoded-word.ts';
import { firstField, parseHeader } from './header.ts';
import { buildReport, fieldText, headerKind, parseReport, type ReportField } from './report.ts';

export type DsnAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

export interface DsnRecipient {
  readonly address: string;
  /** ORCPT as RFC 3461 §4.2 has it, decoded: `rfc822;alice@example.org`. */
  readonly originalRecipient?: string;
  readonly action: DsnAction;
  /** RFC 3463. */
  readonly status: string;
  readonly remoteMta?: string;
  /** `smtp` for what a peer said, `x-posthorn` for our own words. */
  readonly diagnostic?: { readonly type: 'smtp' | 'x-posthorn'; readonly text: string };
  /** Milliseconds since 1970. */
  readonly lastAttemptAt?: number;
  readonly willRetryUntil?: number;
}

export interface DsnFacts {
  /** Of this report: makes Message-ID and boundary. */
  readonly id: string;
  /** Our name: Reporting-MTA, Message-ID. */
  readonly hostname: string;
  /** Header From, e.g. `postmaster@mail.example.org`. */
  readonly from: string;
  /** Sender of the message it is about. */
  readonly to: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** For people; `\n` line ends. */
  readonly text: string;
  readonly envelopeId?: string;
  /** When we took the message; milliseconds since 1970. */
  readonly arrivedAt?: number;
  /** Queue id of the message it is about. */
  readonly originalId?: string;
  readonly recipients: readonly DsnRecipient[];
  /** Header bytes alone, or the whole message. */
  readonly original: { readonly kind: 'headers' | 'full'; readonly bytes: Buffer };
  /** In-Reply-To and References: the Message-ID of the original. */
  readonly originalMessageId?: string;
  /** The original was SMTPUTF8 mail: addresses are written as they are (RFC 6533). */
  readonly utf8: boolean;
}

/** The DSN as a message. Ask needsUtf8() and isAscii() of the bytes for the envelope's options. */
export function buildDsn(facts: DsnFacts): Buffer {
  const header: ReportField[] = [
    ['Date', formatDate(facts.date)],
    ['From', `Mail Delivery System <${facts.from}>`],
    ['To', `<${facts.to}>`],
    ['Subject', encodeText(facts.subject)],
    ['Message-ID', `<${facts.id}@${facts.hostname}>`],
    // RFC 3834 §5: nobody shall answer this by machine.
    ['Auto-Submitted', 'auto-replied'],
    ...(facts.originalMessageId && facts.originalMessageId.length < 500 && isAscii(Buffer.from(facts.originalMessageId))
      ? ([['In-Reply-To', facts.originalMessageId], ['References', facts.originalMessageId]] as const)
      : []),
  ];
  return buildReport({
    header,
    reportType: facts.utf8 ? 'global-delivery-status' : 'delivery-status',
    boundary: `=_${facts.id}.${facts.hostname.replace(/[^A-Za-z0-9.-]/g, '')}`.slice(0, 68),
    text: facts.text,
    machineType: facts.utf8 ? 'message/global-delivery-status' : 'message/delivery-status',
    groups: [messageGroup(facts), ...facts.recipients.map((recipient) => recipientGroup(recipient, facts.utf8))],
    original: enclosed(facts),
  });
}

function enclosed(facts: DsnFacts): { type: 'message/rfc822' | 'message/global' | 'text/rfc822-headers' | 'message/global-headers'; bytes: Buffer } {
  const { kind, bytes } = facts.original;
  if (kind === 'headers') return { type: headerKind(bytes, facts.utf8), bytes };
  return { type: facts.utf8 ? 'message/global' : 'message/rfc822', bytes };
}

/** RFC 3464 §2.2. */
function messageGroup(facts: DsnFacts): ReportField[] {
  const group: ReportField[] = [];
  if (facts.envelopeId !== undefined) group.push(['Original-Envelope-Id', fieldText(facts.envelopeId, facts.utf8)]);
  group.push(['Reporting-MTA', `dns; ${facts.hostname}`]);
  if (facts.originalId !== undefined) group.push(['X-Posthorn-Queue-ID', facts.originalId]);
  if (facts.arrivedAt !== undefined) group.push(['Arrival-Date', formatDate(facts.arrivedAt)]);
  return group;
}

/** RFC 3464 §2.3. */
function recipientGroup(recipient: DsnRecipient, utf8: boolean): ReportField[] {
  const group: ReportField[] = [];
  if (recipient.originalRecipient) group.push(['Original-Recipient', typedAddress(recipient.originalRecipient, utf8)]);
  group.push(['Final-Recipient', typedAddress(recipient.address, utf8)]);
  group.push(['Action', recipient.action], ['Status', recipient.status]);
  if (recipient.remoteMta) group.push(['Remote-MTA', `dns; ${fieldText(recipient.remoteMta, false)}`]);
  if (recipient.diagnostic) group.push(['Diagnostic-Code', `${recipient.diagnostic.type}; ${fieldText(recipient.diagnostic.text, utf8)}`]);
  if (recipient.lastAttemptAt !== undefined) group.push(['Last-Attempt-Date', formatDate(recipient.lastAttemptAt)]);
  if (recipient.willRetryUntil !== undefined) group.push(['Will-Retry-Until', formatDate(recipient.willRetryUntil)]);
  return group;
}

/** `type; address`; non-ASCII addresses as `utf-8;`, escaped where the report is ASCII (RFC 6533 §3). */
function typedAddress(text: string, utf8: boolean): string {
  const match = /^([A-Za-z0-9-]{1,30});\s*(.*)$/s.exec(text);
  const address = (match?.[2] ?? text).replace(/[\p{Cc}]/gu, '');
  if (isAscii(Buffer.from(address))) return `${match?.[1] ?? 'rfc822'}; ${address}`;
  return `utf-8; ${utf8 ? address : escapeUtf8Address(address)}`;
}

/** RFC 6533 §3, utf-8-addr-xtext: `\x{HEX}` for everything outside ASCII. */
function escapeUtf8Address(address: string): string {
  return [...address].map((character) => (character > '\x7e' ? `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}` : character)).join('');
}

export interface ParsedDsnRecipient {
  readonly finalRecipient: string;
  readonly originalRecipient?: string;
  readonly action: string;
  readonly status: string;
  readonly remoteMta?: string;
  readonly diagnostic?: string;
}

export interface ParsedDsn {
  readonly envelopeId?: string;
  readonly reportingMta?: string;
  readonly arrivedAt?: number;
  readonly recipients: readonly ParsedDsnRecipient[];
  /** Message-ID of the message it is about, when enclosed. */
  readonly originalMessageId?: string;
  readonly text: string;
}

/** Reads a DSN; undefined when the message is none. */
export function parseDsn(bytes: Buffer): ParsedDsn | undefined {
  const report = parseReport(bytes, ['delivery-status', 'global-delivery-status']);
  const message = report?.groups[0];
  if (!report || !message) return undefined;
  const recipients = report.groups.slice(1).filter((group) => group.has('final-recipient')).map((group) => ({
    finalRecipient: untyped(get(group, 'final-recipient') ?? ''),
    ...optional('originalRecipient', get(group, 'original-recipient'), untyped),
    action: (get(group, 'action') ?? '').toLowerCase(),
    status: /\d\.\d{1,3}\.\d{1,3}/.exec(get(group, 'status') ?? '')?.[0] ?? '',
    ...optional('remoteMta', get(group, 'remote-mta'), untyped),
    ...optional('diagnostic', get(group, 'diagnostic-code'), untyped),
  }));
  const messageId = report.originalHeader && firstField(parseHeader(report.originalHeader).fields, 'message-id')?.value;
  return {
    ...optional('envelopeId', get(message, 'original-envelope-id'), (text) => text),
    ...optional('reportingMta', get(message, 'reporting-mta'), untyped),
    ...optional('arrivedAt', get(message, 'arrival-date'), parseDate),
    recipients,
    ...(messageId !== undefined && { originalMessageId: messageId }),
    text: report.text,
  };
}

function optional<K extends string, V>(key: K, text: string | undefined, read: (text: string) => V): Partial<Record<K, NonNullable<V>>> {
  const value = text === undefined ? undefined : read(text);
  return value === undefined || value === null ? {} : ({ [key]: value } as Partial<Record<K, NonNullable<V>>>);
}

function untyped(text: string): string {
  const semicolon = text.indexOf(';');
  const value = (semicolon < 0 ? text : text.slice(semicolon + 1)).trim();
  return value.replace(/\\x\{([0-9A-Fa-f]{2,6})\}/g, (whole, hex: string) => {
    const code = parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function get(group: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  return group.get(name)?.[0];
}
