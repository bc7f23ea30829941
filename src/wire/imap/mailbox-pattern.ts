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
  const { first, last } = wildcards(wanted);
  if (first < 0) return wanted === name;
  // What is before the first wildcard and behind the last is compared as it is.
  const restLength = wanted.length - last - 1;
  if (name.length < first + restLength || !name.startsWith(wanted.slice(0, first)) || !name.endsWith(wanted.slice(last + 1))) return false;
  return matches(wanted.slice(first, last + 1), name.slice(first, name.length - restLength));
}

/** What a pattern costs: characters from its first wildcard to its last. */
export function wildLength(pattern: string): number {
  const { first, last } = wildcards(pattern);
  return first < 0 ? 0 : last - first + 1;
}

/** Positions of the first and the last one; -1: there is none. */
function wildcards(pattern: string): { readonly first: number; readonly last: number } {
  return { first: pattern.search(/[*%]/), last: Math.max(pattern.lastIndexOf('*'), pattern.lastIndexOf('%')) };
}

function matches(pattern: string, name: string): boolean {
  // reached[p]: the pattern's first p characters match the name read so far.
  let reached = new Uint8Array(pattern.length + 1);
  let next = new Uint8Array(pattern.length + 1);
  reached[0] = 1;
  skipWildcards(pattern, reached);
  for (let at = 0; at < name.length; at++) {
    if (!step(pattern, name.charCodeAt(at), reached, next)) return false;
    [reached, next] = [next, reached];
    next.fill(0);
  }
  return reached[pattern.length] === 1;
}

/** One character of the name further; false when nothing can match any more. */
function step(pattern: string, code: number, reached: Uint8Array, next: Uint8Array): boolean {
  let alive = false;
  for (let p = reached.indexOf(1); p >= 0 && p < pattern.length; p++) {
    if (reached[p] === 0) continue;
    const wanted = pattern.charCodeAt(p);
    if (wanted === ANY || (wanted === LEVEL && code !== SLASH)) next[p] = 1;
    else if (wanted === code && wanted !== LEVEL) next[p + 1] = 1;
    else continue;
    alive = true;
  }
  if (alive) skipWildcards(pattern, next);
  return alive;
}

/** A wildcard may stand for nothing. */
function skipWildcards(pattern: string, reached: Uint8Array): void {
  for (let p = reached.indexOf(1); p >= 0 && p < pattern.length; p++) {
    if (reached[p] === 0) continue;
    const wanted = pattern.charCodeAt(p);
    if (wanted === ANY || wanted === LEVEL) reached[p + 1] = 1;
  }
}
