/**
 * Host names that look like others: letters of another script in the place of Latin ones (UTS #39). Pure.
 *
 * Policy: a label that mixes Latin with Cyrillic, Greek, Armenian or Cherokee letters imitates; so does one that is made
 * of nothing but letters that look Latin, below a top-level domain of Latin letters. Names in one script are honest names.
 */
import { domainToUnicode } from 'node:url';

const LATIN = /\p{Script=Latin}/u;
const CONFUSED = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;
/** Small letters that nobody tells from Latin ones in the fonts of browsers. */
const LOOKS_LATIN = /^[асеорхуіјѕԁһӏԛԝьтгвкмнοναικρυχаеорсух0-9-]{2,63}$/u;

/** Only for names in A-labels, as the URL parser writes them. */
export function looksLikeAnother(host: string): boolean {
  if (!host.includes('xn--')) return false;
  const labels = domainToUnicode(host).split('.');
  const top = labels.at(-1) ?? '';
  return labels.some((label) => CONFUSED.test(label) && (LATIN.test(label) || (!CONFUSED.test(top) && LOOKS_LATIN.test(label))));
}
