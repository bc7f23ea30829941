/**
 * Patterns of LIST (RFC 9051 §6.3.9): `*` stands for anything, `%` for anything within one level. Linear in name times pattern.
 */
const ANY = 0x2a;
const LEVEL = 0x25;
const SLASH = 0x2f;

/** True when the pattern matches the whole name; the level INBOX at the start is told apart without case (RFC 9051 §5.1). */
export function matchesPattern(pattern: string, name: string): boolean {
  const wanted = /^inbox(?=$|[/*%])/i.test(pattern) ? `INBOX${pattern.slice(5)}` : pattern;
  if (wanted === '*') return true;
  return /[*%]/.test(wanted) ? matches(wanted, name) : wanted === name;
}

function matches(pattern: string, name: string): boolean {
  // reached[p]: the pattern's first p characters match the name read so far.
  let reached = new Uint8Array(pattern.length + 1);
  reached[0] = 1;
  skipWildcards(pattern, reached);
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    const next = new Uint8Array(pattern.length + 1);
    let alive = false;
    for (let p = 0; p < pattern.length; p++) {
      if (reached[p] === 0) continue;
      const wanted = pattern.charCodeAt(p);
      if (wanted === ANY || (wanted === LEVEL && code !== SLASH)) next[p] = 1;
      else if (wanted === code && wanted !== LEVEL) next[p + 1] = 1;
      else continue;
      alive = true;
    }
    if (!alive) return false;
    skipWildcards(pattern, next);
    reached = next;
  }
  return reached[pattern.length] === 1;
}

/** A wildcard may stand for nothing. */
function skipWildcards(pattern: string, reached: Uint8Array): void {
  for (let p = 0; p < pattern.length; p++) {
    const wanted = pattern.charCodeAt(p);
    if (reached[p] === 1 && (wanted === ANY || wanted === LEVEL)) reached[p + 1] = 1;
  }
}
