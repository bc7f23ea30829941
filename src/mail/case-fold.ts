/**
 * Text as it is compared without case: the collation i;unicode-casemap (RFC 5051) as a function from text to text. Two
 * texts are equal, one comes before another, one contains another, when that holds of their folded forms.
 *
 * Policy: decomposed (compatibility, NFKD), then upper case. RFC 5051 §2 uses the simple title case of each character
 * first; here the full upper case comes last, so that `ß` also finds `SS` and all three cases of a digraph are one.
 * Accents stay: `e` and `é` are two letters, although a search for the first finds the second, which begins with it.
 */

const ASCII = /^[\0-\x7f]*$/;
/** Decomposing sorts the marks of a letter, which takes the square of their number; no writing has so many (Unicode's stream-safe format, UAX #15 §13). */
const MANY_MARKS = /\p{M}{30}/gu;
/** U+034F COMBINING GRAPHEME JOINER: marks are not sorted across it. */
const JOINER = '\u034f';

export function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase();
  // A lone half of a pair could not be stored as UTF-8. U+1E9E has no upper case but is one of ß.
  return text.toWellFormed().replace(MANY_MARKS, `$&${JOINER}`).normalize('NFKD').toUpperCase().replaceAll('\u1e9e', 'SS');
}

/** For sorting: negative, 0, positive, by code unit of what foldCase gave (RFC 5051 orders octets of UTF-8). */
export function compareFolded(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
