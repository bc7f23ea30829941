/**
 * The DMARC policy record (RFC 9989 §4.7, §4.8). Tags of RFC 7489 that were removed (pct, rf, ri) and unknown tags are
 * ignored; a tag with a wrong value counts as absent, except that a missing p= or a wrong policy makes the record a
 * request for reports at most (§4.10.1).
 */
export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

export interface DmarcRecord {
  /** As published. */
  readonly text: string;
  readonly p: DmarcPolicy;
  readonly sp?: DmarcPolicy;
  readonly np?: DmarcPolicy;
  readonly psd: 'y' | 'n' | 'u';
  /** Neither a valid policy nor a wish for reports: where it would apply, there is no DMARC (RFC 9989 §4.10.1). */
  readonly empty?: true;
  /** The tags whose value is no policy, as written: `p=monitor`. They make the whole record one of p=none. */
  readonly wrongPolicies?: readonly string[];
  /** t=y. */
  readonly testMode: boolean;
  readonly adkim: 'r' | 's';
  readonly aspf: 'r' | 's';
  /** URIs as written. */
  readonly rua: readonly string[];
  readonly ruf: readonly string[];
  readonly fo: readonly string[];
}

/** RFC 9989 §4.7, §4.8: v=DMARC1 comes first, and the value matches exactly. */
export function isDmarcRecord(text: string): boolean {
  return /^[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text);
}

/** Meant for DMARC, it seems, and no receiver takes it for that. */
export function isAlmostDmarcRecord(text: string): boolean {
  return !isDmarcRecord(text) && /\bv\s*=\s*["']?DMARC/i.test(text);
}

/** Undefined: no record for DMARC. */
export function parseDmarcRecord(text: string): DmarcRecord | undefined {
  if (!isDmarcRecord(text)) return undefined;
  const tags = readTags(text);
  const rua = uris(tags.get('rua'));
  const wrongPolicies = ['p', 'sp', 'np'].filter((name) => tags.has(name) && policy(tags.get(name)) === undefined).map((name) => `${name}=${tags.get(name) ?? ''}`);
  const wrongPolicy = wrongPolicies.length > 0;
  const asksForReports = rua.some((uri) => /^[a-z][a-z0-9+.-]*:\S+$/i.test(uri));
  const sp = wrongPolicy ? undefined : policy(tags.get('sp'));
  const np = wrongPolicy ? undefined : policy(tags.get('np'));
  return {
    text,
    p: (wrongPolicy ? undefined : policy(tags.get('p'))) ?? 'none',
    ...(sp && { sp }),
    ...(np && { np }),
    ...((wrongPolicy || !tags.has('p')) && !asksForReports && { empty: true as const }),
    ...(wrongPolicy && { wrongPolicies }),
    psd: oneOf(tags.get('psd'), ['y', 'n', 'u'], 'u'),
    testMode: oneOf(tags.get('t'), ['y', 'n'], 'n') === 'y',
    adkim: oneOf(tags.get('adkim'), ['r', 's'], 'r'),
    aspf: oneOf(tags.get('aspf'), ['r', 's'], 'r'),
    rua,
    ruf: uris(tags.get('ruf')),
    fo: (tags.get('fo') ?? '0').split(':').map((option) => option.trim().toLowerCase()),
  };
}

function readTags(text: string): Map<string, string> {
  const tags = new Map<string, string>();
  for (const piece of text.split(';')) {
    const equals = piece.indexOf('=');
    if (equals < 0) continue;
    const name = piece.slice(0, equals).trim().toLowerCase();
    // The first of two equal tags counts: the second is a syntax error in the remainder of the record.
    if (!tags.has(name)) tags.set(name, piece.slice(equals + 1).trim());
  }
  return tags;
}

function policy(value: string | undefined): DmarcPolicy | undefined {
  const lower = value?.toLowerCase();
  return lower === 'none' || lower === 'quarantine' || lower === 'reject' ? lower : undefined;
}

function oneOf<T extends string>(value: string | undefined, allowed: readonly T[], otherwise: T): T {
  const lower = value?.toLowerCase();
  return allowed.find((word) => word === lower) ?? otherwise;
}

function uris(value: string | undefined): string[] {
  return (value ?? '').split(',').map((uri) => uri.trim()).filter((uri) => uri !== '');
}
