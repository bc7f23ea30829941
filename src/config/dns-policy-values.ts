/**
 * What may stand in the records that [dns.policy] and `posthorn dns policy` describe: text that ends up in the DNS as it
 * was given has to be what its record needs, since a wrong word there spoils the whole record for receivers.
 */
import { isDomainName, parseMailbox } from '../mail/address.ts';

export interface PolicyValue {
  /** What is right, to be read behind "must be". */
  readonly allowed: string;
  readonly isRight: (text: string) => boolean;
}

const LENGTH_MAX = 500;
/** Separates URIs in a record (RFC 9989 §4.7, RFC 8460 §3), or ends them. */
const SEPARATOR = /[\s,;!"\p{C}]/u;

function isReportMailbox(text: string): boolean {
  const address = withoutPlaceholder(text).replace(/^mailto:/i, '');
  return isShort(text) && !SEPARATOR.test(address) && parseMailbox(address, { utf8: true })?.domain.startsWith('[') === false;
}

function isHttpsUrl(text: string): boolean {
  const url = withoutPlaceholder(text);
  return isShort(text) && /^https:\/\//i.test(url) && !SEPARATOR.test(url) && URL.canParse(url) && isDomainName(new URL(url).hostname);
}

/** RFC 8659 §4.2: a domain, with parameters behind semicolons; a semicolon alone forbids all. */
function isIssuer(text: string): boolean {
  const [issuer = '', ...parameters] = text.split(';').map((part) => part.trim());
  if (!isShort(text) || !(isDomainName(issuer) || (issuer === '' && parameters.length > 0))) return false;
  return parameters.every((parameter) => parameter === '' || /^[a-z0-9]+\s*=\s*[\x21-\x7e]*$/i.test(parameter));
}

function isShort(text: string): boolean {
  return text.length <= LENGTH_MAX;
}

/** `%d` is the domain that a record is made for. */
function withoutPlaceholder(text: string): string {
  return text.replaceAll('%d', 'example.org');
}

export const DNS_POLICY_VALUES = {
  dmarcReports: { allowed: 'mail addresses such as "dmarc@%d"', isRight: isReportMailbox },
  tlsReports: { allowed: 'mail addresses such as "tls@%d", or addresses that begin with https://', isRight: (text) => isReportMailbox(text) || isHttpsUrl(text) },
  caaIssuer: { allowed: 'names that certificate authorities publish for CAA, such as "letsencrypt.org"', isRight: isIssuer },
  bimiLogo: { allowed: 'an address that begins with https://, such as "https://www.%d/logo.svg"', isRight: isHttpsUrl },
  nameWithoutMail: { allowed: 'names below the domain without it, such as "www"', isRight: (text) => isDomainName(text) && !text.endsWith('.') },
} as const satisfies Readonly<Record<string, PolicyValue>>;
