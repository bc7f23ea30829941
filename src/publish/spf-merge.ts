/**
 * SPF records of others: what they lack for us is added, and nothing is taken away. Whether a record lets our addresses
 * pass is evaluated by who hands in the judge; here is only text.
 */

export type SpfJudgement =
  | { readonly kind: 'good'; readonly note: string }
  /** Networks to add, as `ip4:192.0.2.1`. */
  | { readonly kind: 'missing'; readonly terms: readonly string[] }
  /** The record is an error for receivers: syntax, or too many look-ups. */
  | { readonly kind: 'broken'; readonly detail: string }
  /** Unknown now: the DNS did not answer. */
  | { readonly kind: 'unknown'; readonly detail: string };

/** Does this record, published at `domain`, say for our mail what `wanted` says? */
export type SpfJudge = (domain: string, record: string, wanted: string) => Promise<SpfJudgement>;

/** The record with the terms behind its version, where they are reached before anything can end the evaluation. */
export function withTerms(record: string, terms: readonly string[]): string {
  const [version = 'v=spf1', ...rest] = record.trim().split(/ +/);
  return [version, ...terms, ...rest].join(' ');
}

/** Several records are an error (RFC 7208 §4.5): all their terms in one, the mildest `all` at the end. */
export function mergeRecords(records: readonly string[]): string {
  const terms = new Map<string, string>();
  const ends: string[] = [];
  const modifiers = new Map<string, string>();
  for (const term of records.flatMap((record) => record.trim().split(/ +/).slice(1))) {
    const key = term.toLowerCase().replace(/^\+/, '');
    if (/^[-~?]?all$/.test(key)) ends.push(key);
    else if (/^[a-z][a-z0-9._-]*=/.test(key)) modifiers.set(key.slice(0, key.indexOf('=')), term);
    else if (!terms.has(key)) terms.set(key, term);
  }
  const all = ['?all', '~all', '-all'].find((end) => ends.includes(end)) ?? (modifiers.has('redirect') ? '' : '~all');
  if (all !== '') modifiers.delete('redirect');
  return ['v=spf1', ...terms.values(), ...(all === '' ? [] : [all]), ...modifiers.values()].join(' ');
}
