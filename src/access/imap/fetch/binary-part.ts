/** BINARY[…] and BINARY.SIZE[…] (RFC 3516): the content of a part without its transfer encoding. */
import type { MimePart } from '../../../mail/mime-structure.ts';
import { findPart, type ByteRange } from './section-bytes.ts';

const IDENTITY = new Set(['7bit', '8bit', 'binary']);

/** `encoded`: must be read whole and decoded. `plain`: can be passed on as it lies there. */
export type BinaryPart =
  | { readonly kind: 'plain'; readonly range: ByteRange }
  | { readonly kind: 'encoded'; readonly range: ByteRange; readonly encoding: string }
  | { readonly kind: 'none' }
  /** RFC 3516 §4.3: answered with NO [UNKNOWN-CTE]. */
  | { readonly kind: 'unknown-encoding' };

export function locateBinary(structure: MimePart, path: readonly number[], sizeBytes: number): BinaryPart {
  if (path.length === 0) return { kind: 'plain', range: { start: 0, end: sizeBytes } };
  const part = findPart(structure, path);
  if (!part) return { kind: 'none' };
  const range = { start: part.bodyStart, end: part.bodyEnd };
  // RFC 2045 §6.4: what has parts inside has no encoding of its own.
  if (part.parts || part.message || IDENTITY.has(part.encoding)) return { kind: 'plain', range };
  if (part.encoding !== 'base64' && part.encoding !== 'quoted-printable') return { kind: 'unknown-encoding' };
  return { kind: 'encoded', range, encoding: part.encoding };
}
