/** How long the lines of a message are (RFC 5322 §2.1.1 allows 998 octets). */

/** Octets of the longest line without its end, CRLF or LF. */
export function longestLine(bytes: Buffer): number {
  let longest = 0;
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(10, from);
    const stop = end < 0 ? bytes.length : end;
    longest = Math.max(longest, stop - from - (bytes[stop - 1] === 13 ? 1 : 0));
    from = stop + 1;
  }
  return longest;
}
