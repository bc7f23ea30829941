/**
 * The message that a script looks at: its header in memory, its body behind a source that is read only when a test asks.
 */
import type { ByteSource } from '../base/byte-source.ts';
import { headerEnd } from '../mail/header.ts';
import type { MimePart } from '../mail/mime-structure.ts';

export interface SieveMessage {
  /** As it would be stored: header, empty line, body. */
  readonly content: ByteSource;
  /** The first `bodyOffset` bytes of it. */
  readonly header: Buffer;
  readonly bodyOffset: number;
  /** RFC 5228 §5.4: without angle brackets; '' for the null sender. */
  readonly envelopeFrom: string;
  /** The recipient that this run is for, as the sender named it. */
  readonly envelopeTo: string;
  /** When the MIME structure of `content` is known already. */
  readonly structure?: () => MimePart;
}

/** Larger headers are cut there: the rest counts as body. */
const HEADER_BYTES_MAX = 1024 * 1024;

/** Reads the header and nothing more. `structure`: when the MIME structure is known already. */
export async function openSieveMessage(
  content: ByteSource,
  envelope: { readonly from: string; readonly to: string },
  structure?: () => MimePart,
): Promise<SieveMessage> {
  const start = content.inMemory ?? (await content.read(0, Math.min(content.size, HEADER_BYTES_MAX)));
  const end = headerEnd(start);
  const bodyOffset = end < 0 ? start.length : end;
  return {
    content,
    header: start.subarray(0, bodyOffset),
    bodyOffset,
    envelopeFrom: envelope.from,
    envelopeTo: envelope.to,
    ...(structure && { structure }),
  };
}
