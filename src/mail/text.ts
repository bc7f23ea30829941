/**
 * A message as text for people: bodies decoded, HTML stripped when nothing better is there, attachments named.
 *
 * Policy: what comes out is safe on a terminal: no control characters but line feed and tab.
 */
import { decodeCharset } from './encoded-word.ts';
import { decodeEntities } from './html-entities.ts';
import { findParameter } from './mime-parameters.ts';
import type { MimePart } from './mime-structure.ts';
import { decodeTransferEncoding } from './transfer-encoding.ts';

export interface Attachment {
  /** '' when it has no name. */
  readonly name: string;
  readonly type: string;
  /** Bytes as encoded in the message. */
  readonly sizeBytes: number;
  readonly part: MimePart;
}

/** The decoded content of a leaf. `bytes` is what the structure was parsed from. */
export function decodeBody(bytes: Buffer, part: MimePart): Buffer {
  return decodeTransferEncoding(bytes.subarray(part.bodyStart, part.bodyEnd), part.encoding);
}

/** The text of a text leaf in its charset, line ends as `\n`. */
export function decodeText(bytes: Buffer, part: MimePart): string {
  const text = decodeCharset(decodeBody(bytes, part), findParameter(part.parameters, 'charset') ?? '');
  return text.replace(/\r\n?/g, '\n');
}

/** What a person reads first: the text parts in order, the plainest of alternatives, messages inside announced. */
export function readableText(bytes: Buffer, structure: MimePart): string {
  return safeForTerminal(collectText(bytes, structure).filter((piece) => piece.trim() !== '').join('\n\n'));
}

function collectText(bytes: Buffer, part: MimePart): string[] {
  if (isAttachment(part)) return [];
  if (part.message) return ['[forwarded message]', ...collectText(bytes, part.message)];
  if (part.parts) {
    if (part.subtype !== 'alternative') return part.parts.flatMap((child) => collectText(bytes, child));
    const choice = part.parts.find((child) => child.type === 'text' && child.subtype === 'plain') ?? part.parts.at(-1);
    return choice ? collectText(bytes, choice) : [];
  }
  if (part.type !== 'text') return [];
  const text = decodeText(bytes, part);
  return [part.subtype === 'html' ? htmlToText(text) : text];
}

/** Every part that a reader would save rather than show, in order. */
export function listAttachments(part: MimePart): Attachment[] {
  if (isAttachment(part)) return [{ name: attachmentName(part), type: `${part.type}/${part.subtype}`, sizeBytes: part.bodyEnd - part.bodyStart, part }];
  if (part.parts) return part.parts.flatMap(listAttachments);
  return part.message ? listAttachments(part.message) : [];
}

function isAttachment(part: MimePart): boolean {
  if (part.parts) return false;
  if (part.disposition?.type === 'attachment') return true;
  return part.type !== 'text' && part.type !== 'message';
}

function attachmentName(part: MimePart): string {
  const name = findParameter(part.disposition?.parameters ?? [], 'filename') ?? findParameter(part.parameters, 'name') ?? '';
  return safeForTerminal(name).replace(/[/\\\n\t]/g, '_');
}

/** Without control characters (escape sequences among them) except line feed and tab. */
export function safeForTerminal(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === '\n' || character === '\t' ? character : ''));
}

const BLOCK_TAGS = new Set(['p', 'br', 'div', 'tr', 'li', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table', 'ul', 'ol', 'blockquote', 'hr', 'pre']);
const SILENT_TAGS = new Set(['style', 'script', 'head', 'title']);

/** The words of an HTML text; tags become line breaks where they end a block. */
export function htmlToText(html: string): string {
  const pieces: string[] = [];
  // Found once: a search per tag over the rest would cost the square of the length.
  const lower = html.toLowerCase();
  let position = 0;
  while (position < html.length) {
    const open = html.indexOf('<', position);
    pieces.push(html.slice(position, open < 0 ? html.length : open).replace(/\s+/g, ' '));
    if (open < 0) break;
    const close = html.indexOf('>', open);
    if (close < 0) break;
    const tag = /^<\/?([a-z0-9]{1,20})/.exec(lower.slice(open, open + 24))?.[1] ?? '';
    position = close + 1;
    if (BLOCK_TAGS.has(tag)) pieces.push('\n');
    if (SILENT_TAGS.has(tag) && html[open + 1] !== '/') {
      const end = lower.indexOf(`</${tag}`, position);
      position = end < 0 ? html.length : end;
    }
  }
  // Runs of blanks first: looked at from each of their places, they would cost the square of their length.
  return decodeEntities(pieces.join('')).replace(/[ \t]+/g, ' ').replace(/ ?\n ?/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
}
