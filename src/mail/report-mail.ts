/**
 * The messages in which reports go to other domains: DMARC aggregate reports (RFC 9990 §3.5.1) as an attachment, TLS reports
 * (RFC 8460 §5.3) as multipart/report. Pure.
 *
 * Policy: both say that a program wrote them, so that nothing answers them. What tells of broken TLS has to arrive where TLS
 * is broken (RFC 8460 §3).
 */
import { composeMessage } from './compose.ts';
import { TLS_OPTIONAL } from './tls-required.ts';
import { encodeBase64 } from './transfer-encoding.ts';

export interface ReportMail {
  readonly from: string;
  readonly organization: string;
  readonly to: string;
  /** The domain that the report is about, in A-labels. */
  readonly domain: string;
  /** Our host name. */
  readonly submitter: string;
  /** Letters and digits. */
  readonly reportId: string;
  /** Milliseconds since 1970; the end is the last one that is reported. */
  readonly begin: number;
  readonly end: number;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** Compressed with gzip. */
  readonly attachment: Buffer;
}

/** RFC 9990 §3.5.1 and RFC 8460 §5.1: `receiver!domain!begin!end!id.extension`. */
export function reportFileName({ submitter, domain, begin, end, reportId }: Pick<ReportMail, 'submitter' | 'domain' | 'begin' | 'end' | 'reportId'>, extension: 'xml.gz' | 'json.gz'): string {
  return `${submitter}!${domain}!${Math.floor(begin / 1000)}!${Math.floor(end / 1000)}!${reportId}.${extension}`;
}

export function dmarcReportMail(report: ReportMail): Buffer {
  const { from, organization, to, domain, submitter, reportId, date, attachment } = report;
  return composeMessage({
    from: { name: organization, address: from },
    to: [to],
    subject: `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${reportId}>`,
    messageId: `<${reportId}.${date}@${submitter}>`,
    text: `This is a DMARC aggregate report about mail in the name of ${domain}\nthat ${submitter} received on ${dayOf(report.begin)} (UTC).\nPrograms read the attached file.\n`,
    attachments: [{ name: reportFileName(report, 'xml.gz'), type: 'application/gzip', content: attachment }],
    date,
    headers: AUTOMATIC,
  });
}

export function tlsReportMail(report: ReportMail): Buffer {
  const { from, organization, to, domain, submitter, reportId, date, attachment } = report;
  const boundary = `report-${reportId}`;
  // The header is made as for any message; what it says about a body is replaced.
  const plain = composeMessage({
    from: { name: organization, address: from },
    to: [to],
    subject: `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${reportId}@${submitter}>`,
    messageId: `<${reportId}.${date}@${submitter}>`,
    text: '',
    date,
    headers: [['TLS-Report-Domain', domain], ['TLS-Report-Submitter', submitter], TLS_OPTIONAL, ...AUTOMATIC],
  });
  const header = plain.subarray(0, plain.indexOf('Content-Type:'));
  const parts = [
    `Content-Type: multipart/report; report-type="tlsrpt";\r\n boundary="${boundary}"\r\n\r\n--${boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n`,
    `This is a report on TLS connections to the mail servers of ${domain},\r\nmade by ${submitter} on ${dayOf(report.begin)} (UTC).\r\nPrograms read the attached file.\r\n`,
    `\r\n--${boundary}\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename="${reportFileName(report, 'json.gz')}"\r\n\r\n`,
  ];
  return Buffer.concat([header, ...parts.map((part) => Buffer.from(part)), encodeBase64(attachment), Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

/** RFC 3834 §5. */
const AUTOMATIC = [['Auto-Submitted', 'auto-generated']] as const;

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
