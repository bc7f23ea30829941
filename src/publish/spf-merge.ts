/**
 * SPF records of others: what they lack for us is added, and nothing is taken away. Whether a record lets our addresses
 * pass is evaluated by who hands in the judge; here is only text.
 */

export type SpfJudgement =
  | { readonly kind: 'good'; readonly note: string }
  /** Networks to add, as `ip4:192.0.2.1`. */
  | { readonly kind: 'missing'; readonly terms: readonly string[] }
  /** The record is an error for receivers: syntax, or too many look-ups. `torn`: where it is the syntax, what can be read and what cannot. */
  | { readonly kind: 'broken'; readonly detail: string; readonly torn?: TornSpf }
  /** Unknown now: the DNS did not answer. */
  | { readonly kind: 'unknown'; readonly detail: string };

export interface TornSpf {
  readonly readable: readonly string[];
  readonly unreadable: readonly { readonly term: string; readonly detail: string }[];
}

/** Does this record, published at `domain`, say for our mail what `wanted` says? */
export type SpfJudge = (domain: string, record: string, wanted: string) => Promise<SpfJudgement>;

/** The record with the terms behind its version, where they are reached before anything can end the evaluation. */
export function withTerms(record: string, terms: readonly string[]): string {
  const [version = 'v=spf1', ...rest] = record.trim().split(/ +/);
  return [version, ...terms, ...rest].join(' ');
}

/** A record of what could be read; with an end, should its own be among what could not. */
export function mendedRecord(readable: readonly string[]): string {
  const ends = readable.some((term) => /^[-~?+]?all$|^redirect=/i.test(term));
  return ['v=spf1', ...readable, ...(ends ? [] : ['~all'])].join(' ');
}

/**
 * Several records are an error (RFC 7208 §4.5): whatever any of them lets pass, in one. What stands behind an `all` was never
 * reached and is left out; a redirect becomes an include, since only one could stay; the mildest `all` ends it.
 */
export function mergeRecords(records: readonly string[]): string {
  const mechanisms = new Map<string, string>();
  const ends: string[] = [];
  const modifiers = new Map<string, string>();
  for (const record of records) {
    const { terms, end, others, redirect } = partsOf(record);
    for (const term of terms) if (!mechanisms.has(keyOf(term))) mechanisms.set(keyOf(term), term);
    const followed = end === undefined && redirect !== undefined ? `include:${redirect}` : undefined;
    if (followed !== undefined && !mechanisms.has(keyOf(followed))) mechanisms.set(keyOf(followed), followed);
    if (end !== undefined) ends.push(end);
    for (const [name, text] of others) if (!modifiers.has(name)) modifiers.set(name, text);
  }
  const all = ['?all', '~all', '-all'].find((end) => ends.includes(end)) ?? '~all';
  return ['v=spf1', ...mechanisms.values(), all, ...modifiers.values()].join(' ');
}

interface SpfParts {
  readonly terms: readonly string[];
  /** `~all` and the like, in lower case. `all` alone, which lets everybody pass, is not carried on. */
  readonly end?: string;
  readonly redirect?: string;
  /** Other modifiers, by name. */
  readonly others: ReadonlyMap<string, string>;
}

function partsOf(record: string): SpfParts {
  const terms: string[] = [];
  const others = new Map<string, string>();
  let end: string | undefined;
  let redirect: string | undefined;
  for (const term of record.trim().split(/ +/).slice(1)) {
    const modifier = /^([a-z][a-z0-9._-]*)=/i.exec(term)?.[1]?.toLowerCase();
    if (modifier === 'redirect') redirect = term.slice('redirect='.length);
    else if (modifier !== undefined) others.set(modifier, term);
    else if (/^[-~?+]?all$/i.test(term)) end ??= keyOf(term);
    else if (end === undefined) terms.push(term);
  }
  return { terms, others, ...(end !== undefined && { end }), ...(redirect !== undefined && { redirect }) };
}

/** Names are read in any case, and `+` is what stands there when nothing does. */
function keyOf(term: string): string {
  return term.toLowerCase().replace(/^\+/, '');
}
