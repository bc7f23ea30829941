/**
 * Sequence sets (RFC 9051 §9 sequence-set): `1:5,8,20:*`, or `$` for what the last SEARCH saved (RFC 5182).
 */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import { ImapSyntaxError, type ImapScanner } from './scanner.ts';

/** `*` in a range that is not resolved yet. */
export const LARGEST = Number.POSITIVE_INFINITY;

/** Both ends included. */
export type NumberRange = readonly [from: number, to: number];

export type SequenceSet = { readonly kind: 'saved' } | { readonly kind: 'ranges'; /** As written, in any order; LARGEST for `*`. */ readonly ranges: readonly NumberRange[] };

const SAVED: SequenceSet = { kind: 'saved' };

/** `$` or ranges. */
export function readSequenceSet(scanner: ImapScanner): SequenceSet {
  if (scanner.accept('$')) return SAVED;
  const ranges: NumberRange[] = [];
  do {
    if (ranges.length >= IMAP_LIMITS.setRangesMax) throw new ImapSyntaxError(`a set may have ${IMAP_LIMITS.setRangesMax} ranges`);
    const from = readNumber(scanner);
    ranges.push([from, scanner.accept(':') ? readNumber(scanner) : from]);
  } while (scanner.accept(','));
  return { kind: 'ranges', ranges };
}

/** Numbers without `*` and `$`: known-uids and the like (RFC 7162 §3.2.5.2), ascending and not overlapping. */
export function readKnownSet(scanner: ImapScanner): readonly NumberRange[] {
  const set = readSequenceSet(scanner);
  if (set.kind === 'saved' || set.ranges.some((range) => range.includes(LARGEST))) throw new ImapSyntaxError('this set takes numbers only, not * or $');
  return resolveRanges(set.ranges, 0);
}

/** True when a set can begin here. */
export function atSequenceSet(scanner: ImapScanner): boolean {
  return /^[0-9*$]/.test(scanner.peek());
}

function readNumber(scanner: ImapScanner): number {
  return scanner.accept('*') ? LARGEST : scanner.nonZero('a message number or *');
}

/**
 * Ascending, not overlapping. `largest` is what `*` means: the last number in use, and `n:*` always includes it, also when n is above it
 * (RFC 9051 §9 seq-range). With `largest` 0 (an empty mailbox), `*` alone names nothing.
 */
export function resolveRanges(ranges: readonly NumberRange[], largest: number): NumberRange[] {
  const resolved: NumberRange[] = [];
  for (const [first, second] of ranges) {
    const from = first === LARGEST ? largest : first;
    const to = second === LARGEST ? largest : second;
    const range: NumberRange = from <= to ? [from, to] : [to, from];
    if (range[1] > 0) resolved.push(range[0] === 0 ? [1, range[1]] : range);
  }
  resolved.sort((a, b) => a[0] - b[0]);
  return merge(resolved);
}

function merge(sorted: readonly NumberRange[]): NumberRange[] {
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** `3:5,9`; '' for none. `numbers` ascending without doubles. */
export function formatNumbers(numbers: ArrayLike<number>): string {
  const parts: string[] = [];
  for (let index = 0; index < numbers.length; ) {
    const from = numbers[index] as number;
    let to = from;
    while (++index < numbers.length && numbers[index] === to + 1) to += 1;
    parts.push(from === to ? String(from) : `${from}:${to}`);
  }
  return parts.join(',');
}

export function formatRanges(ranges: readonly NumberRange[]): string {
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}:${to}`)).join(',');
}

/** `ranges` ascending, not overlapping. */
export function rangesContain(ranges: readonly NumberRange[], value: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = ranges[middle] as NumberRange;
    if (value < from) high = middle - 1;
    else if (value > to) low = middle + 1;
    else return true;
  }
  return false;
}
