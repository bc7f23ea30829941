/**
 * Does a text contain what is looked for? Both sides folded (mail/case-fold.ts). The last word in every search: the
 * index only says which messages are worth asking.
 */
import { isAscii } from 'node:buffer';
import type { TextQuery } from '../../contract/mailbox.ts';
import { foldCase } from '../../mail/case-fold.ts';
import type { SearchableText } from '../../mail/searchable-text.ts';

export type FoldedText = Pick<SearchableText, 'header' | 'mime' | 'body'>;

/** Which of the three are needed to answer. */
export type TextColumns = 'header' | 'body' | 'all';

export interface TextMatcher {
  /** Folded; '' matches all that have the field. */
  readonly value: string;
  /** What one of the columns must contain, at least. */
  readonly needle: string;
  readonly columns: TextColumns;
  matches(text: FoldedText): boolean;
}

export function foldText(text: SearchableText): SearchableText {
  return { header: foldCase(text.header), mime: foldCase(text.mime), body: foldCase(text.body), cut: text.cut };
}

export function createTextMatcher(query: TextQuery): TextMatcher {
  // Line ends are stored as one character.
  const value = foldCase(query.value.replace(/\r\n?/g, '\n').replaceAll('\0', ' '));
  if (query.where === 'body') return { value, needle: value, columns: 'body', matches: ({ body }) => body.includes(value) };
  if (query.where === 'text') {
    return { value, needle: value, columns: 'all', matches: ({ header, mime, body }) => header.includes(value) || body.includes(value) || mime.includes(value) };
  }
  const field = foldCase(query.where === 'header' ? (query.field ?? '') : query.where).trim();
  const start = `\n${field}: `;
  return { value, needle: value === '' ? start : value, columns: 'header', matches: ({ header }) => fieldContains(header, start, value) };
}

/**
 * May a field of this header contain the text? Told from its bytes, before fields are parted and decoded, which takes
 * ten times as long; true when that cannot be told.
 */
export function headerMayContain(header: Buffer, value: string): boolean {
  if (!isAscii(header) || header.includes('=?')) return true;
  const unfolded = header.toString('latin1').replace(/\r?\n(?=[ \t])/g, '').replace(/\r+/g, ' ').replaceAll('\0', ' ');
  return unfolded.toUpperCase().includes(value);
}

/** `header` is lines of `NAME: value`, each begun by the line end before it. */
function fieldContains(header: string, start: string, value: string): boolean {
  for (let at = header.indexOf(start); at >= 0; ) {
    const from = at + start.length;
    const end = header.indexOf('\n', from);
    if (header.slice(from, end < 0 ? header.length : end).includes(value)) return true;
    at = end < 0 ? -1 : header.indexOf(start, end);
  }
  return false;
}

/**
 * What to ask a trigram index for: pieces of three characters that every text with `value` in it has. Empty: the value
 * is too short for the index.
 */
export function trigramsOf(value: string, max: number): string[] {
  const characters = [...value];
  if (characters.length < 3) return [];
  const last = characters.length - 3;
  const found = new Set<string>();
  // Side by side rather than overlapping: each says something new.
  for (let at = 0; at < last && found.size < max - 1; at += 3) found.add(characters.slice(at, at + 3).join(''));
  found.add(characters.slice(last).join(''));
  return [...found];
}
