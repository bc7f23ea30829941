/**
 * SASLprep: user names and passwords in the form in which they are compared. RFC 4013, profile of stringprep (RFC 3454),
 * on the Unicode of the running Node instead of 3.2, as RFC 8265 does.
 *
 * Policy: what cannot be prepared (control characters, unassigned code points, mixed directions) gives `undefined`; the
 * caller must refuse it. ASCII without control characters comes back unchanged.
 */

/** `undefined` for text that no user name or password may contain, and for an empty result. */
export function saslprep(text: string): string | undefined {
  if (/^[\x20-\x7e]+$/.test(text)) return text;
  const prepared = text.replace(NON_ASCII_SPACE, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
  if (prepared === '' || PROHIBITED.test(prepared) || !directionIsClear(prepared)) return undefined;
  return prepared;
}

/** RFC 3454 C.1.2. */
const NON_ASCII_SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
/** RFC 3454 B.1. */
// oxlint-disable-next-line no-misleading-character-class -- single code points, none combined
const MAPPED_TO_NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/gu;
/** RFC 4013 §2.3: controls, private use, non-characters, surrogates, what is inappropriate, tags; and unassigned ones. */
const PROHIBITED = /[\p{Cc}\p{Co}\p{Cs}\p{Cn}\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\uffff\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e]|\u0340|\u0341|\u{e0001}|[\u{e0020}-\u{e007f}]/u;

const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;
const LEFT_TO_RIGHT = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

/** RFC 3454 §6: right-to-left text must not be mixed with left-to-right, and must begin and end right-to-left. */
function directionIsClear(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  if (LEFT_TO_RIGHT.test(text)) return false;
  const characters = [...text];
  return RIGHT_TO_LEFT.test(characters[0] ?? '') && RIGHT_TO_LEFT.test(characters.at(-1) ?? '');
}
