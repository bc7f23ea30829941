/** Charsets of SEARCH, SORT and THREAD (RFC 9051 §6.4.4): every one that the platform decodes. */
import { no, type Outcome } from '../../../wire/imap/response.ts';

/** Undefined: it is known. RFC 9051 §7.1 BADCHARSET names some that are. */
export function refuseCharset(charset: string | undefined): Outcome | undefined {
  if (charset === undefined || isKnown(charset)) return undefined;
  return no('the charset is not known', 'BADCHARSET (UTF-8 US-ASCII ISO-8859-1 ISO-8859-15 WINDOWS-1252 KOI8-R SHIFT_JIS GB18030)');
}

function isKnown(charset: string): boolean {
  try {
    return new TextDecoder(charset).encoding !== '';
  } catch {
    return false;
  }
}
