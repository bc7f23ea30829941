/** Abuse reports (RFC 5965 Abuse Reporting Format): what a provider's complaint button sends back. Built and read. */
import { formatDate, parseDate } from './date.ts';
import { encodeText } from './encoded-word.ts';
import { firstField, parseHeader } from './header.ts';
import { buildReport, fieldText, parseReport, type ReportField } from './report.ts';

export interface ArfFacts {
  readonly id: string;
  readonly hostname: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly text: string;
  /** RFC 5965 §7.3; default abuse. */
  readonly feedbackType?: string;
  readonly userAgent: string;
  readonly sourceIp?: string;
  readonly originalMailFrom?: string;
  /** Left empty by providers that protect who complained. */
  readonly originalRecipients?: readonly string[];
  readonly reportedDomain?: string;
  readonly authenticationResults?: string;
  readonly arrivedAt?: number;
  /** The message complained about, whole or just its header. */
  readonly original: { readonly kind: 'headers' | 'full'; readonly bytes: Buffer };
}

export function buildArf(facts: ArfFacts): Buffer {
  const group: ReportField[] = [['Feedback-Type', facts.feedbackType ?? 'abuse'], ['User-Agent', facts.userAgent], ['Version', '1']];
  if (facts.originalMailFrom !== undefined) group.push(['Original-Mail-From', `<${fieldText(facts.originalMailFrom, false)}>`]);
  for (const recipient of facts.originalRecipients ?? []) group.push(['Original-Rcpt-To', `<${fieldText(recipient, false)}>`]);
  if (facts.arrivedAt !== undefined) group.push(['Arrival-Date', formatDate(facts.arrivedAt)]);
  group.push(['Reporting-MTA', `dns; ${facts.hostname}`]);
  if (facts.sourceIp !== undefined) group.push(['Source-IP', facts.sourceIp]);
  if (facts.reportedDomain !== undefined) group.push(['Reported-Domain', facts.reportedDomain]);
  if (facts.authenticationResults !== undefined) group.push(['Authentication-Results', fieldText(facts.authenticationResults, false)]);
  return buildReport({
    header: [
      ['Date', formatDate(facts.date)],
      ['From', `<${facts.from}>`],
      ['To', `<${facts.to}>`],
      ['Subject', encodeText(facts.subject)],
      ['Message-ID', `<${facts.id}@${facts.hostname}>`],
      ['Auto-Submitted', 'auto-generated'],
    ],
    reportType: 'feedback-report',
    boundary: `=_${facts.id}.arf`.slice(0, 68),
    text: facts.text,
    machineType: 'message/feedback-report',
    groups: [group],
    original: { type: facts.original.kind === 'full' ? 'message/rfc822' : 'text/rfc822-headers', bytes: facts.original.bytes },
  });
}

export interface ParsedArf {
  readonly feedbackType: string;
  readonly userAgent?: string;
  readonly sourceIp?: string;
  readonly originalMailFrom?: string;
  readonly originalRecipients: readonly string[];
  readonly reportedDomains: readonly string[];
  readonly arrivedAt?: number;
  readonly originalMessageId?: string;
  /** Header of the message complained about, when enclosed. */
  readonly originalHeader?: Buffer;
}

/** Reads a feedback report; undefined when the message is none. Everything in it is the sender's claim. */
export function parseArf(bytes: Buffer): ParsedArf | undefined {
  const report = parseReport(bytes, ['feedback-report']);
  const group = report?.groups[0];
  if (!report || !group) return undefined;
  const one = (name: string): string | undefined => group.get(name)?.[0];
  const arrivedAt = parseDate(one('arrival-date') ?? one('received-date') ?? '');
  const header = report.originalHeader;
  const values = {
    userAgent: one('user-agent'),
    sourceIp: one('source-ip'),
    originalMailFrom: one('original-mail-from') === undefined ? undefined : bare(one('original-mail-from') as string),
    arrivedAt,
    originalMessageId: header && firstField(parseHeader(header).fields, 'message-id')?.value,
    originalHeader: header,
  };
  const present = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<ParsedArf>;
  return {
    ...present,
    feedbackType: (one('feedback-type') ?? '').toLowerCase(),
    originalRecipients: (group.get('original-rcpt-to') ?? []).map(bare),
    reportedDomains: (group.get('reported-domain') ?? []).map((domain) => domain.toLowerCase()),
  };
}

function bare(text: string): string {
  return text.trim().replace(/^<(.*)>$/, '$1');
}
