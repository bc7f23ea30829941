/** Which right of a mailbox changing a flag takes: RFC 4314 §4. */

/** `s` for \Seen, `t` for \Deleted, `w` for all others. */
export function rightFor(flag: string): 's' | 't' | 'w' {
  const folded = flag.toLowerCase();
  if (folded === '\\seen') return 's';
  return folded === '\\deleted' ? 't' : 'w';
}

/** `rights`: letters of RFC 4314. */
export function mayChange(rights: string, flag: string): boolean {
  return rights.includes(rightFor(flag));
}
