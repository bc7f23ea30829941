/** Is a message a TLS report (RFC 8460 §5.3)? By the type that its header names, without a look inside. */
import { firstField, type HeaderField } from '../../mail/header.ts';

export function isTlsReport(fields: readonly HeaderField[]): boolean {
  return /report-type\s{0,9}=\s{0,9}"?tlsrpt/i.test(firstField(fields, 'content-type')?.value ?? '');
}
