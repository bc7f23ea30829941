/** What is in a MIME part, as text that tests can look at. */
import { decodeCharset } from '../../mail/encoded-word.ts';
import { headerEnd, textOf } from '../../mail/header.ts';
import { findParameter } from '../../mail/mime-parameters.ts';
import type { MimePart } from '../../mail/mime-structure.ts';
import { htmlToText } from '../../mail/text.ts';
import { decodeTransferEncoding } from '../../mail/transfer-encoding.ts';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';

/** Decoded; text in its charset, other content as bytes that are taken for text. */
export function contentOf(bytes: Buffer, part: MimePart): string {
  const end = Math.min(part.bodyEnd, part.bodyStart + SIEVE_LIMITS.partBytesMax);
  const decoded = decodeTransferEncoding(bytes.subarray(part.bodyStart, end), part.encoding);
  if (part.type !== 'text') return textOf(decoded);
  return decodeCharset(decoded, findParameter(part.parameters, 'charset') ?? '');
}

const ENCODINGS = new Set(['7bit', '8bit', 'binary', 'base64', 'quoted-printable']);

/** Text that people read: text of any kind and XHTML, in an encoding that is known (RFC 2045 §6.4). */
export function isReadable(part: MimePart): boolean {
  return ENCODINGS.has(part.encoding) && (part.type === 'text' || isXhtml(part));
}

function isXhtml(part: MimePart): boolean {
  return part.type === 'application' && part.subtype === 'xhtml+xml';
}

/** The same without the tags of HTML (RFC 5173 §5.3). */
export function readableOf(bytes: Buffer, part: MimePart): string {
  const text = contentOf(bytes, part);
  return part.subtype === 'html' || isXhtml(part) ? htmlToText(text).replace(/\r?\n/g, '\r\n') : text;
}

/** RFC 5173 §5.2: of a multipart what stands in front of its parts and what stands behind, of a message inside its header. */
export function framesOf(bytes: Buffer, part: MimePart): string[] {
  if (part.message) return [textOf(bytes.subarray(part.message.headerStart, Math.min(part.message.bodyStart, part.message.headerStart + SIEVE_LIMITS.partBytesMax))).replace(/(?<=\n)\r?\n$/, '')];
  const children = part.parts ?? [];
  const first = children[0];
  const last = children.at(-1);
  if (!first || !last) return [];
  const prologue = textOf(bytes.subarray(part.bodyStart, Math.min(first.headerStart, part.bodyStart + SIEVE_LIMITS.partBytesMax)));
  const epilogue = textOf(bytes.subarray(last.bodyEnd, Math.min(part.bodyEnd, last.bodyEnd + SIEVE_LIMITS.partBytesMax)));
  const boundary = findParameter(part.parameters, 'boundary') ?? '';
  return [withoutBoundaries(prologue, boundary), withoutBoundaries(epilogue, boundary)];
}

function withoutBoundaries(text: string, boundary: string): string {
  return text.split('\r\n').filter((line) => !line.startsWith(`--${boundary}`)).join('\r\n');
}

/** The part itself, then what is in it, depth first (RFC 5703 §3). */
export function* walkParts(part: MimePart): Generator<MimePart> {
  yield part;
  for (const child of childrenOf(part)) yield* walkParts(child);
}

export function childrenOf(part: MimePart): readonly MimePart[] {
  return part.parts ?? (part.message ? [part.message] : []);
}

/** `text` or `text/html` against a part; '' is every one (RFC 5173 §5.2). */
export function hasContentType(part: MimePart, wanted: string): boolean {
  const [type, subtype, more] = wanted.toLowerCase().split('/');
  if (wanted === '') return true;
  if (more !== undefined || type === '' || subtype === '') return false;
  return part.type === type && (subtype === undefined || part.subtype === subtype);
}

/** Header and body of an entity given as text. */
export function splitHead(entity: string): { readonly header: Buffer; readonly body: Buffer } {
  const bytes = Buffer.from(entity);
  const end = headerEnd(bytes);
  return end < 0 ? { header: bytes, body: Buffer.alloc(0) } : { header: bytes.subarray(0, end), body: bytes.subarray(end) };
}
