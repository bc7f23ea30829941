/** Tag=value lists as DKIM keys, DMARC, MTA-STS, TLS-RPT and BIMI records have them, read leniently for comparing. */

/** Names in lower case, the first of a name counts, white space around dropped. */
export function tagsOf(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const piece of text.split(';')) {
    const equals = piece.indexOf('=');
    if (equals < 0) continue;
    const name = piece.slice(0, equals).trim().toLowerCase();
    if (name !== '' && !tags.has(name)) tags.set(name, piece.slice(equals + 1).trim());
  }
  return tags;
}

/** `text` with one tag set anew, in its place, or behind the rest. */
export function withTag(text: string, name: string, value: string): string {
  const pieces = text.split(';').map((piece) => piece.trim()).filter((piece) => piece !== '');
  const at = pieces.findIndex((piece) => nameOf(piece) === name);
  const written = `${name}=${value}`;
  return (at < 0 ? [...pieces, written] : pieces.with(at, written)).join('; ');
}

/** `text` without the tags of these names. */
export function withoutTags(text: string, names: readonly string[]): string {
  return text.split(';').map((piece) => piece.trim()).filter((piece) => piece !== '' && !names.includes(nameOf(piece))).join('; ');
}

function nameOf(piece: string): string {
  return piece.slice(0, Math.max(piece.indexOf('='), 0)).trim().toLowerCase();
}
