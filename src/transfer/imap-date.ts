/** `17-Jul-1996 02:44:25 -0700`, as IMAP servers write INTERNALDATE (RFC 9051 §9 date-time). */
import { parseDate } from '../mail/date.ts';

/** Milliseconds since 1970, or undefined when it is no date. */
export function parseImapDateTime(text: string): number | undefined {
  return parseDate(text.trim().replace(/^(\d{1,2})-([A-Za-z]{3})-(\d{4}) /, '$1 $2 $3 '));
}
