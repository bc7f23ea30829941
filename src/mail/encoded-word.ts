/**
 * Encoded words in header fields (RFC 2047), decoded liberally and made strictly.
 *
 * Policy: what cannot be decoded stays as written; the bytes of neighbouring words of one charset are joined before
 * decoding, because many programs cut inside a character; control characters never come out of a decoded word.
 */
import { isUtf8 } from 'node:buffer';

const ENCODED_WORD = /=\?([^?\s]{1,60})\?([bBqQ])\?([^?\s]{0,1000})\?=/g;

/** RFC 2047 §2: an encoded word has at most 75 characters. */
const WORD_CHARS_MAX = 75;

interface Word {
  readonly charset: string;
  readonly pieces: Buffer[];
}

/** Decodes bytes of a named charset; an unknown charset is taken as UTF-8 when valid, else latin1. Never throws. */
export function decodeCharset(bytes: Buffer, charset: string): string {
  const label = charset.toLowerCase();
  if (label === 'utf-8' || label === 'utf8') return bytes.toString('utf8');
  if (label === '' || label === 'us-ascii' || label === 'ascii') return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
  }
}

/** The text with its encoded words decoded. */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text;
  let result = '';
  let position = 0;
  let open: Word | undefined;
  const flush = (): void => {
    if (open) result += decodeCharset(Buffer.concat(open.pieces), open.charset).replace(/\p{Cc}/gu, ' ');
    open = undefined;
  };
  for (const match of text.matchAll(ENCODED_WORD)) {
    const between = text.slice(position, match.index);
    const word = readWord(match);
    // RFC 2047 §6.2: blanks between neighbouring encoded words are not shown.
    const adjacent = open !== undefined && between.trim() === '';
    if (open && adjacent && open.charset === word.charset) {
      open.pieces.push(...word.pieces);
    } else {
      flush();
      if (!adjacent) result += between;
      open = word;
    }
    position = match.index + match[0].length;
  }
  flush();
  return result + text.slice(position);
}

function readWord(match: RegExpExecArray): Word {
  // RFC 2231 §5: the language behind `*` is dropped.
  const charset = (match[1] ?? '').split('*')[0]?.toLowerCase() ?? '';
  const payload = match[3] ?? '';
  const isBase64 = match[2] === 'b' || match[2] === 'B';
  return { charset, pieces: [isBase64 ? Buffer.from(payload, 'base64') : decodeQ(payload)] };
}

function decodeQ(payload: string): Buffer {
  const text = payload.replace(/_/g, ' ').replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}

/** True when the text can stand in a header as it is. */
export function isPlainHeaderText(text: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(text) && !text.includes('=?');
}

/** Unstructured text (Subject) for a header without SMTPUTF8: as it is when plain, else UTF-8 encoded words. */
export function encodeText(text: string): string {
  return isPlainHeaderText(text) ? text : toWords(text);
}

/** A display name: an atom phrase or a quoted string when plain, else encoded words. */
export function encodePhrase(text: string): string {
  const clean = text.replace(/[\r\n\0]+/g, ' ').trim();
  if (!isPlainHeaderText(clean)) return toWords(clean);
  if (/^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]*$/.test(clean)) return clean;
  return `"${clean.replace(/[\\"]/g, '\\$&')}"`;
}

/** Base64 words that never cut a character, each at most 75 characters, separated by blanks where a fold may go. */
function toWords(text: string): string {
  const overhead = '=?utf-8?B??='.length;
  const bytesMax = Math.floor((WORD_CHARS_MAX - overhead) / 4) * 3;
  const words: string[] = [];
  let chunk = '';
  let chunkBytes = 0;
  const flush = (): void => {
    if (chunk !== '') words.push(`=?utf-8?B?${Buffer.from(chunk).toString('base64')}?=`);
    chunk = '';
    chunkBytes = 0;
  };
  for (const character of text.replace(/[\r\n\0]+/g, ' ')) {
    const length = Buffer.byteLength(character);
    if (chunkBytes + length > bytesMax) flush();
    chunk += character;
    chunkBytes += length;
  }
  flush();
  return words.join(' ');
}
