/**
 * Strings of FETCH answers as text, so that an ENVELOPE is put together and written as one piece. Characters of the text
 * stand for UTF-8; literals (RFC 9051 §4.3) are announced with their length in bytes and stand inside.
 */
import { IMAP_LIMITS } from '../../../base/access-limits.ts';
import { encodeText } from '../../../mail/encoded-word.ts';

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const QUOTABLE = /^[\x20-\x7e]*$/;

/** Quoted when it can be. With `utf8` enabled (RFC 6855 §3) quoted strings may hold UTF-8. NUL, which no string may hold, is left out. */
export function imapString(value: string, utf8: boolean): string {
  if (value.length <= IMAP_LIMITS.quotedBytesMax) {
    if (PLAIN.test(value)) return `"${value}"`;
    // oxlint-disable-next-line no-control-regex -- CR, LF and NUL cannot be quoted
    if (QUOTABLE.test(value) || (utf8 && !/[\0\r\n]/.test(value))) return `"${value.replace(/["\\]/g, '\\$&')}"`;
  }
  const text = value.includes('\0') ? value.replaceAll('\0', '') : value;
  return `{${Buffer.byteLength(text)}}\r\n${text}`;
}

export function imapNstring(value: string | undefined, utf8: boolean): string {
  return value === undefined ? 'NIL' : imapString(value, utf8);
}

/**
 * Text that people read (subjects, names). A client that did not enable UTF-8 gets raw 8-bit text as encoded words, which
 * RFC 2047 knows and every client reads; encoded words of the message stay as they are.
 */
export function imapHumanText(value: string | undefined, utf8: boolean): string {
  if (value === undefined) return 'NIL';
  if (value.length <= IMAP_LIMITS.quotedBytesMax && PLAIN.test(value)) return `"${value}"`;
  const text = value.replaceAll('\t', ' ');
  // oxlint-disable-next-line no-control-regex -- the test is for ASCII
  return imapString(utf8 || /^[\0-\x7f]*$/.test(text) ? text : encodeText(text), utf8);
}
