/**
 * Domain names as the authentication standards compare them: A-labels, lower case, no trailing dot.
 */
import { domainToASCII } from 'node:url';

const LABEL_OCTETS_MAX = 63;
const NAME_OCTETS_MAX = 253;

/** A-label form in lower case without the trailing dot; '' when the text is no domain name (RFC 5890 §2.3). */
export function toAsciiDomain(name: string): string {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  // domainToASCII would take percent-encoding, ports and IPv4 shorthands of URLs; none of these is a domain here.
  if (bare === '' || /[\s%:/?#[\]@\\]/.test(bare)) return '';
  if (/^[\x21-\x7e]+$/.test(bare)) return bare.toLowerCase();
  return domainToASCII(bare).toLowerCase();
}

/** RFC 1035 §2.3.4: labels of 1 to 63 octets, 253 in all. Takes names without the trailing dot. */
export function isWellFormedDomain(name: string): boolean {
  if (name === '' || name.length > NAME_OCTETS_MAX) return false;
  return name.split('.').every((label) => label !== '' && label.length <= LABEL_OCTETS_MAX);
}

/**
 * A name that somebody may have registered, or a top-level domain, which may have a DMARC record (psd=y) or mail servers of its own.
 * Not `localhost` (RFC 6761 §6.3) nor what no registry could hold.
 */
export function isPublicDomain(name: string): boolean {
  return isWellFormedDomain(name) && name !== 'localhost' && (name.includes('.') || /^(?:[a-z]{2,}|xn--[a-z0-9-]+)$/.test(name));
}

const MAIL_LABEL = /^[a-z0-9_-]+$/;

/**
 * A domain that mail can come from: letters, digits and hyphens (RFC 5321 §2.3.5), and the underscore that some have.
 * Brackets, commas and quotes in a name would make the next reader of our results see another one.
 */
export function isMailDomain(name: string): boolean {
  return isWellFormedDomain(name) && name.split('.').every((label) => MAIL_LABEL.test(label));
}

/** Is `name` the same as `parent` or below it? Both in A-label lower case. */
export function isSameOrBelow(name: string, parent: string): boolean {
  return name === parent || (name.endsWith(parent) && name[name.length - parent.length - 1] === '.');
}
