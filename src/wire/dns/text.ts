/** Character-strings and names as zone files write them, RFC 1035 §5.1. Bytes are latin1 text here. */

/** RFC 1035 §3.3: a character-string has at most 255 octets. */
export const STRING_OCTETS_MAX = 255;

/** Pieces of at most 255 octets; one empty piece for nothing. */
export function splitStrings(content: string): readonly string[] {
  const parts: string[] = [];
  for (let at = 0; at < content.length; at += STRING_OCTETS_MAX) parts.push(content.slice(at, at + STRING_OCTETS_MAX));
  return parts.length > 0 ? parts : [''];
}

/** Quoted, `"` and `\` escaped, octets outside of printable ASCII as \DDD. */
export function quoted(part: string): string {
  const escaped = part.replace(/["\\]|[^\x20-\x7e]/g, (char) => (char === '"' || char === '\\' ? `\\${char}` : `\\${String(char.charCodeAt(0) & 0xff).padStart(3, '0')}`));
  return `"${escaped}"`;
}

/** The strings of a value: quoted, or bare words. */
export function characterStrings(value: string): readonly string[] {
  const strings: string[] = [];
  for (const [, inQuotes, bare] of value.matchAll(/"((?:[^"\\]|\\[\s\S])*)"|([^\s"]+)/g)) strings.push(unescaped(inQuotes ?? bare ?? ''));
  return strings;
}

function unescaped(text: string): string {
  return text.replace(/\\(?:(\d{3})|([\s\S]))/g, (_, code: string | undefined, char: string | undefined) => (code === undefined ? (char ?? '') : String.fromCharCode(Number(code) & 0xff)));
}
