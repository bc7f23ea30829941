/** Names as DNS has them on the wire: which texts can be asked for, and how answers are written. RFC 1035 §2.3.4, §3.1. */

const NAME_CHARS_MAX = 253;
const LABEL_CHARS_MAX = 63;

/**
 * Lower case, no trailing dot; undefined when no such name can exist (empty or overlong label, too long, not printable
 * ASCII). Underscores, blanks and other ASCII signs are allowed: `_dmarc`, SPF macros (`%_`, RFC 7208 §7.1).
 */
export function canonicalDnsName(name: string): string | undefined {
  const bare = (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
  if (bare.length === 0 || bare.length > NAME_CHARS_MAX) return undefined;
  if (!/^[\x20-\x7e]+$/.test(bare)) return undefined;
  for (const label of bare.split('.')) {
    if (label.length === 0 || label.length > LABEL_CHARS_MAX) return undefined;
  }
  return bare;
}
