/** What a resolver adds to a failure: the first extended DNS error of an OPT record (RFC 8914), in words. Pure. */

/** RFC 8914 §5.2. */
const NAMES: readonly string[] = [
  'Other', 'Unsupported DNSKEY Algorithm', 'Unsupported DS Digest Type', 'Stale Answer', 'Forged Answer', 'DNSSEC Indeterminate', 'DNSSEC Bogus',
  'Signature Expired', 'Signature Not Yet Valid', 'DNSKEY Missing', 'RRSIGs Missing', 'No Zone Key Bit Set', 'NSEC Missing', 'Cached Error', 'Not Ready',
  'Blocked', 'Censored', 'Filtered', 'Prohibited', 'Stale NXDOMAIN Answer', 'Not Authoritative', 'Not Supported', 'No Reachable Authority', 'Network Error', 'Invalid Data',
];
const EXTENDED_ERROR = 15;
const BOGUS_FIRST = 6;
const BOGUS_LAST = 12;
/** Of what a server writes beside the code. */
const TEXT_CHARS_MAX = 80;

export interface ExtendedError {
  readonly text: string;
  /** It is the signatures that are wrong. */
  readonly bogus: boolean;
}

export function extendedError(options: readonly { readonly code?: unknown; readonly data?: unknown }[]): ExtendedError | undefined {
  const data = options.find(({ code }) => code === EXTENDED_ERROR)?.data;
  if (!Buffer.isBuffer(data) || data.length < 2) return undefined;
  const code = data.readUInt16BE(0);
  // A stranger's words: only what cannot harm a line.
  const words = data.toString('latin1', 2).replace(/[^\x20-\x7e]|["()[\]]/g, ' ').trim().slice(0, TEXT_CHARS_MAX);
  const name = NAMES[code] ?? `error ${code}`;
  return { text: words === '' ? name : `${name}: ${words}`, bogus: code >= BOGUS_FIRST && code <= BOGUS_LAST };
}
