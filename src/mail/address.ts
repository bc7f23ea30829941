/**
 * Addresses of the envelope (RFC 5321 §4.1.2 Mailbox, RFC 6531 §3.3 for UTF-8). Addresses in header fields are read by
 * address-list.ts.
 *
 * Policy: parsing is strict, because an address that two servers read differently is a hole; two leniencies: underscores
 * in domain names and local parts over 64 octets, both of which real bounces carry.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';

export interface Mailbox {
  /** Without the quotes and escapes of the quoted form. */
  readonly localPart: string;
  /** Lower case; or an address literal in brackets. */
  readonly domain: string;
}

/** RFC 5321 §4.5.3.1.1 asks for 64 at least; VERP senders exceed it. */
const LOCAL_PART_BYTES_MAX = 255;
/** RFC 5321 §4.5.3.1.2. */
const DOMAIN_BYTES_MAX = 255;

const ATOM = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\u{10ffff}]+$/u;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const NON_ASCII = /[^\0-\x7f]/;

/** The mailbox, or undefined when it is none. `utf8`: the client used SMTPUTF8; default false. No angle brackets. */
export function parseMailbox(text: string, options: { readonly utf8?: boolean } = {}): Mailbox | undefined {
  if (text.length > LOCAL_PART_BYTES_MAX * 2 + DOMAIN_BYTES_MAX) return undefined;
  if (!options.utf8 && NON_ASCII.test(text)) return undefined;
  const local = text.startsWith('"') ? readQuoted(text) : readDotString(text);
  if (!local || Buffer.byteLength(local.value) > LOCAL_PART_BYTES_MAX) return undefined;
  if (text[local.length] !== '@') return undefined;
  const domain = normalizeDomainStrictly(text.slice(local.length + 1));
  return domain === undefined ? undefined : { localPart: local.value, domain };
}

interface LocalPart {
  readonly value: string;
  /** Characters it takes in the source. */
  readonly length: number;
}

function readDotString(text: string): LocalPart | undefined {
  const at = text.indexOf('@');
  if (at <= 0) return undefined;
  const value = text.slice(0, at);
  return isDotString(value) ? { value, length: at } : undefined;
}

function isDotString(value: string): boolean {
  return ATOM.test(value) && !value.startsWith('.') && !value.endsWith('.') && !value.includes('..');
}

/** RFC 5321 §4.1.2 Quoted-string: printable characters and blanks, `\` escapes one of them. */
function readQuoted(text: string): LocalPart | undefined {
  let value = '';
  for (let i = 1; i < text.length; i += 1) {
    let character = text[i] as string;
    if (character === '"') return { value, length: i + 1 };
    if (character === '\\') {
      i += 1;
      character = text[i] ?? '\0';
    }
    if (character < ' ' || character === '\x7f') return undefined;
    value += character;
  }
  return undefined;
}

/** A domain or address literal in lower case as written (U-labels stay), or undefined when it is neither. */
function normalizeDomainStrictly(text: string): string | undefined {
  if (text.startsWith('[')) return readLiteral(text);
  const domain = text.toLowerCase();
  const ascii = NON_ASCII.test(domain) ? domainToASCII(domain) : domain;
  if (ascii === '' || ascii.length > DOMAIN_BYTES_MAX) return undefined;
  return ascii.split('.').every((label) => LABEL.test(label)) ? domain : undefined;
}

/** RFC 5321 §4.1.3. */
function readLiteral(text: string): string | undefined {
  if (!text.endsWith(']')) return undefined;
  const inner = text.slice(1, -1);
  if (isIPv4(inner)) return text;
  const isV6 = /^ipv6:/i.test(inner) && !inner.includes('%') && isIPv6(inner.slice(5));
  return isV6 ? `[IPv6:${inner.slice(5).toLowerCase()}]` : undefined;
}

/** `local@domain`, the local part quoted when it must be. */
export function formatMailbox(mailbox: Mailbox): string {
  return `${quoteLocalPart(mailbox.localPart)}@${mailbox.domain}`;
}

/** The local part as an address carries it: bare when a dot-string, else quoted. */
export function quoteLocalPart(localPart: string): string {
  return isDotString(localPart) ? localPart : `"${localPart.replace(/[\\"]/g, '\\$&')}"`;
}

/** Lower case and A-labels: the one form in which domains are compared and looked up. '' when it is no domain name. */
export function normalizeDomain(domain: string): string {
  const lower = domain.toLowerCase().replace(/\.$/, '');
  return NON_ASCII.test(lower) ? domainToASCII(lower) : lower;
}

/** Whether it is a domain name in any spelling (any case, U-labels, a dot at the end), and no address literal. */
export function isDomainName(name: string): boolean {
  // A name of U-labels is at most as long as that of A-labels.
  if (name.length > DOMAIN_BYTES_MAX + 1) return false;
  const key = normalizeDomain(name);
  return !key.startsWith('[') && normalizeDomainStrictly(key) !== undefined;
}

/** A domain name that others can write to or connect to: two labels at least, of letters, digits and hyphens, and no address. */
export function isPublicName(name: string): boolean {
  const labels = normalizeDomain(name).split('.');
  return isDomainName(name) && labels.length > 1 && !labels.some((label) => label.includes('_')) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** The domain for people: U-labels. */
export function displayDomain(domain: string): string {
  return domain.includes('xn--') ? domainToUnicode(domain) || domain : domain;
}

/**
 * The address with its domain in lower case and A-labels and its local part in the simplest quoting; the case of the
 * local part is kept. What is no address is returned in lower case, so that comparing stays total.
 */
export function normalizeAddress(address: string): string {
  const mailbox = parseMailbox(address, { utf8: true });
  if (!mailbox) return address.toLowerCase();
  return formatMailbox({ localPart: mailbox.localPart.normalize('NFC'), domain: normalizeDomain(mailbox.domain) });
}

/** normalizeAddress with the local part in lower case too: how our own directory compares (RFC 5321 §2.4 leaves it to us). */
export function addressKey(address: string): string {
  return normalizeAddress(address).toLowerCase();
}

/** What stands behind the last `@`, as written; '' for the null sender or an address without domain. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1 || address.length);
}

/** What stands before the last `@`, as written; the whole when there is none. */
export function localPartOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 0 ? address : address.slice(0, at);
}

/** `alice+news` → base alice, detail news (RFC 5233); a separator in front belongs to the base. */
export function splitDetail(localPart: string, separator = '+'): { readonly base: string; readonly detail?: string } {
  const at = localPart.indexOf(separator, 1);
  if (separator === '' || at < 0) return { base: localPart };
  return { base: localPart.slice(0, at), detail: localPart.slice(at + separator.length) };
}

export { parseAddressList, type HeaderAddress } from './address-list.ts';
