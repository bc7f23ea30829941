/**
 * Rights as clients write and read them (RFC 4314 §2.1): a string of letters; `c` and `d` of RFC 2086 stand for the groups
 * they were split into, and are told beside them.
 */
import type { Rights } from '../../contract/mailbox.ts';
import { ImapSyntaxError } from '../../wire/imap/scanner.ts';
import { ALL_RIGHTS } from '../mailbox/namespace.ts';

/** RFC 4314 §2.1.1, with `x` beside `k`. */
const OLD_RIGHTS: Readonly<Record<string, string>> = { c: 'kx', d: 'te' };

/** In the usual order. Throws ImapSyntaxError for a letter that is no right. */
export function parseRights(written: string): Rights {
  let letters = '';
  for (const letter of written) {
    const group = OLD_RIGHTS[letter] ?? letter;
    if (!ALL_RIGHTS.includes(group[0] as string)) throw new ImapSyntaxError(`"${/^[\x21-\x7e]$/.test(letter) ? letter : '?'}" is no right; rights are the letters ${ALL_RIGHTS}`);
    letters += group;
  }
  return inOrder(letters);
}

function inOrder(letters: string): Rights {
  return [...ALL_RIGHTS].filter((letter) => letters.includes(letter)).join('');
}

/** With `c` and `d` where any right of their groups is there (RFC 4314 §2.1.1). */
export function rightsForClients(rights: Rights): string {
  const old = Object.entries(OLD_RIGHTS).filter(([, group]) => [...group].some((letter) => rights.includes(letter)));
  return `${rights}${old.map(([letter]) => letter).join('')}` || '""';
}

/** `+rw` adds, `-rw` removes, else replaces. */
export function changeRights(before: Rights, change: { readonly mode: '+' | '-' | '='; readonly rights: Rights }): Rights {
  if (change.mode === '+') return inOrder(before + change.rights);
  if (change.mode === '-') return [...before].filter((letter) => !change.rights.includes(letter)).join('');
  return change.rights;
}
