/**
 * Tag=value lists of RFC 6376 §3.2, as DKIM signatures, DKIM keys and ARC fields use them.
 * Whitespace around tags is dropped; a tag given twice or without a name makes the whole list invalid.
 */
export type TagList = ReadonlyMap<string, string>;

const TAG_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Undefined when the syntax is wrong. Tag names are case-sensitive (RFC 6376 §3.2). */
export function parseTagList(text: string): TagList | undefined {
  const read = readTagList(text);
  return typeof read === 'string' ? undefined : read;
}

const SHOWN_CHARS = 40;

/** The tags, or what is wrong with the list, as the end of "it is not a valid tag list: …". */
export function readTagList(text: string): TagList | string {
  const tags = new Map<string, string>();
  const pieces = text.split(';');
  for (const [index, piece] of pieces.entries()) {
    const shown = `"${piece.trim().slice(0, SHOWN_CHARS)}"`;
    if (piece.trim() === '') {
      if (index === pieces.length - 1 && tags.size > 0) continue;
      return tags.size === 0 ? 'it does not begin with a tag' : 'two semicolons follow each other';
    }
    const equals = piece.indexOf('=');
    if (equals < 0) return `${shown} has no "="`;
    const name = piece.slice(0, equals).trim();
    if (!TAG_NAME.test(name)) return `${shown} does not begin with the name of a tag`;
    if (tags.has(name)) return `the tag ${name.slice(0, SHOWN_CHARS)}= occurs twice`;
    tags.set(name, piece.slice(equals + 1).trim());
  }
  return tags;
}

/** The value with all folding whitespace removed, for base64 and colon-separated lists. */
export function withoutSpace(value: string): string {
  return value.replace(/[ \t\r\n]+/g, '');
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Decodes base64 that may be folded; undefined when it is none. */
export function decodeBase64(value: string): Buffer | undefined {
  const compact = withoutSpace(value);
  return BASE64.test(compact) ? Buffer.from(compact, 'base64') : undefined;
}
