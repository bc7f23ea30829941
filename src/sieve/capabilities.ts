/**
 * The extensions that there are, as data: what `require` accepts and what ManageSieve announces.
 */

/** Name → where it is defined. `comparator-…` of the base are not listed, but may be required. */
export const EXTENSIONS: Readonly<Record<string, string>> = {
  'fileinto': 'RFC 5228 §4.1',
  'reject': 'RFC 5429 §2.2',
  'ereject': 'RFC 5429 §2.1',
  'envelope': 'RFC 5228 §5.4',
  'encoded-character': 'RFC 5228 §2.4.2.4',
  'body': 'RFC 5173',
  'copy': 'RFC 3894',
  'imap4flags': 'RFC 5232',
  'vacation': 'RFC 5230',
  'vacation-seconds': 'RFC 6131',
  'variables': 'RFC 5229',
  'regex': 'draft-ietf-sieve-regex-01',
  'relational': 'RFC 5231',
  'comparator-i;ascii-numeric': 'RFC 4790 §9.1',
  'comparator-i;unicode-casemap': 'RFC 5051',
  'subaddress': 'RFC 5233',
  'mailbox': 'RFC 5490 §3',
  'mboxmetadata': 'RFC 5490 §3.3',
  'servermetadata': 'RFC 5490 §4',
  'mailboxid': 'RFC 9042',
  'special-use': 'RFC 8579',
  'date': 'RFC 5260 §4',
  'index': 'RFC 5260 §6',
  'editheader': 'RFC 5293',
  'include': 'RFC 6609',
  'duplicate': 'RFC 7352',
  'environment': 'RFC 5183',
  'enotify': 'RFC 5435',
  'ihave': 'RFC 5463',
  'spamtest': 'RFC 5235 §3.2',
  'spamtestplus': 'RFC 5235 §3.3',
  'virustest': 'RFC 5235 §3.4',
  'foreverypart': 'RFC 5703 §3',
  'mime': 'RFC 5703 §4',
  'extracttext': 'RFC 5703 §7',
  'replace': 'RFC 5703 §5',
  'enclose': 'RFC 5703 §6',
  'redirect-dsn': 'RFC 6009 §4',
};

/** RFC 5228 §2.7.3: always there; requiring them is allowed. */
export const BASE_COMPARATORS: readonly string[] = ['comparator-i;octet', 'comparator-i;ascii-casemap'];

/** In the order of the table, for ManageSieve's SIEVE capability (RFC 5804 §1.7). */
export function sieveCapabilities(): string[] {
  return Object.keys(EXTENSIONS);
}

/** URI schemes that `notify` knows, for ManageSieve's NOTIFY capability. */
export function notifyMethods(): string[] {
  return ['mailto'];
}
