/**
 * Turns 8-bit MIME into 7-bit for a next hop without 8BITMIME (RFC 6152 §3): leaves become quoted-printable or base64
 * and the fields that name their encoding follow.
 *
 * Policy: what cannot be told in ASCII is not damaged but given up: header fields with raw 8-bit text (that takes
 * SMTPUTF8), 8-bit parts below multipart/signed (the signature would break, RFC 1847 §2.1), parts whose declared
 * encoding is already 7-bit safe and yet hold 8-bit bytes. A DKIM signature over the body does not survive.
 */
import { isAscii } from 'node:buffer';
import { foldField, parseHeader, removeFields } from './header.ts';
import { parseMimeStructure, type MimePart } from './mime-structure.ts';
import { encodeFor7Bit } from './transfer-encoding.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** The message in 7-bit; the very same buffer when it was so already; undefined when impossible. */
export function downgradeTo7Bit(bytes: Buffer): Buffer | undefined {
  if (isAscii(bytes)) return bytes;
  const structure = parseMimeStructure(bytes);
  const edits: Edit[] = [];
  if (!visit(bytes, structure, structure, edits)) return undefined;
  const result = apply(bytes, edits);
  // 8-bit bytes in a preamble, an epilogue or beyond the limits of the parser remain.
  return isAscii(result) ? result : undefined;
}

/** False when the part cannot be converted. `owner` is the part whose header names the fields of `part`: itself but for a message inside. */
function visit(bytes: Buffer, part: MimePart, root: MimePart, edits: Edit[]): boolean {
  if (isAscii(bytes.subarray(part.headerStart, part.bodyEnd))) return true;
  if (!isAscii(bytes.subarray(part.headerStart, part.bodyStart))) return false;
  if (part.parts || part.message) {
    if (part.subtype === 'signed') return false;
    // RFC 2045 §6.4: composite parts name the widest encoding below them.
    edits.push(...encodingEdit(bytes, part, '7bit', part === root));
    return (part.parts ?? [part.message as MimePart]).every((child) => visit(bytes, child, root, edits));
  }
  if (part.encoding !== '8bit' && part.encoding !== 'binary' && part.encoding !== '7bit') return false;
  const encoded = encodeFor7Bit(bytes.subarray(part.bodyStart, part.bodyEnd), part.type === 'text');
  edits.push(...encodingEdit(bytes, part, encoded.encoding, part === root));
  edits.push({ start: part.bodyStart, end: part.bodyEnd, bytes: encoded.bytes });
  return true;
}

/** The part's header with this encoding named in place of the one it had. */
function encodingEdit(bytes: Buffer, part: MimePart, encoding: string, isRoot: boolean): Edit[] {
  const header = bytes.subarray(part.headerStart, part.bodyStart);
  const { fields } = parseHeader(header);
  const named = fields.some((field) => field.lower === 'content-transfer-encoding');
  if (encoding === '7bit' && !named) return [];
  const kept = removeFields(header, (field) => field.lower === 'content-transfer-encoding');
  const fieldsEnd = parseHeader(kept).fields.at(-1)?.end ?? 0;
  const isMime = !isRoot || fields.some((field) => field.lower === 'mime-version');
  const added = `${isMime ? '' : 'MIME-Version: 1.0\r\n'}${foldField('Content-Transfer-Encoding', encoding)}`;
  const content = fields.some((field) => field.lower === 'content-type') || encoding === '7bit' ? '' : 'Content-Type: text/plain; charset=unknown-8bit\r\n';
  return [{ start: part.headerStart, end: part.bodyStart, bytes: Buffer.concat([kept.subarray(0, fieldsEnd), Buffer.from(content + added), kept.subarray(fieldsEnd)]) }];
}

function apply(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = [];
  let position = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    pieces.push(bytes.subarray(position, edit.start), edit.bytes);
    position = edit.end;
  }
  pieces.push(bytes.subarray(position));
  return Buffer.concat(pieces);
}
