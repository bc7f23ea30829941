/**
 * The address in an autodiscover request. One element of a document of a known shape is looked for, so no XML parser is
 * needed, and none of what makes XML dangerous is ever looked at: a document with a DTD is refused.
 */
import { parseMailbox } from '../../mail/address.ts';

export type AskedAddress = { readonly kind: 'address'; readonly address: string } | { readonly kind: 'refused'; readonly why: string };

const OPEN = '<emailaddress>';
const CLOSE = '</emailaddress>';
const ADDRESS_CHARS_MAX = 320;

/** UTF-8, or UTF-16 with a byte order mark, as old Outlooks send it. */
export function askedAddress(body: Buffer): AskedAddress {
  const text = decoded(body);
  const lower = text.toLowerCase();
  if (lower.includes('<!')) return refused('a request has no declarations');
  const start = lower.indexOf(OPEN);
  const end = lower.indexOf(CLOSE, start);
  // Lower case may be longer than what it was made of; then nothing here is an address.
  if (start < 0 || end < 0 || lower.length !== text.length) return refused('the request has no EMailAddress');
  const address = text.slice(start + OPEN.length, end).trim();
  if (address.length > ADDRESS_CHARS_MAX || /[<>&"'\s]/.test(address) || !parseMailbox(address)) return refused('the EMailAddress is no mail address');
  return { kind: 'address', address };
}

function decoded(body: Buffer): string {
  if (body[0] === 0xff && body[1] === 0xfe) return body.toString('utf16le').slice(1);
  return body.toString('utf8').replace(/^\ufeff/, '');
}

function refused(why: string): AskedAddress {
  return { kind: 'refused', why };
}
