/**
 * The header of a message while it arrives: gathers it up to the empty line, within a limit. The content is decoded already (DataDecoder); the rest, the body, is handed on untouched.
 *
 * Policy: what is over a limit is remembered and gathered no further, so that a header bomb costs at most the limit.
 */
const EMPTY = Buffer.alloc(0);
/** Content that trickles in byte by byte must not cost an object for each. */
const PARTS_MAX = 256;
/** The start of the content counts as the end of a line. */
const BEFORE = Buffer.from('\r\n');

export class HeaderScan {
  /** Set when the header is over the limit; its bytes are gone then. */
  overflow = false;
  /** True once the empty line has come: everything further is body. */
  done = false;
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #tail = BEFORE;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes what belongs to the header (its empty line included) and returns the rest, which is body; empty for none. */
  feed(slice: Buffer): Buffer {
    if (this.done) return slice;
    const end = this.#findEnd(slice);
    const mine = end < 0 ? slice : slice.subarray(0, end);
    this.#bytes += mine.length;
    if (this.#bytes > this.#bytesMax) {
      this.overflow = true;
      this.#parts = [];
    } else if (this.#parts.push(mine) === PARTS_MAX) this.#parts = [Buffer.concat(this.#parts)];
    this.done = end >= 0;
    if (this.done) return slice.subarray(end);
    this.#tail = slice.length >= 3 ? Buffer.from(slice.subarray(-3)) : Buffer.concat([this.#tail, slice]).subarray(-3);
    return EMPTY;
  }

  /** The bytes of the header as far as they came, its empty line included; empty after an overflow. */
  header(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0] ?? EMPTY;
  }

  /** Offset in `slice` behind CR LF CR LF, of which up to three bytes may have come before; -1. */
  #findEnd(slice: Buffer): number {
    const seam = Buffer.concat([this.#tail, slice.subarray(0, 3)]).indexOf('\r\n\r\n');
    if (seam >= 0) return seam + 4 - this.#tail.length;
    const at = slice.indexOf('\r\n\r\n');
    return at < 0 ? -1 : at + 4;
  }
}

const LF = 10;
const SPACE = 32;
const TAB = 9;
const CR = 13;

/** Header fields, and Received fields among them (RFC 5321 §6.3); counting stops above `fieldsMax`. */
export function countFields(header: Buffer, fieldsMax: number): { readonly fields: number; readonly received: number } {
  let fields = 0;
  let received = 0;
  for (let start = 0; start < header.length && fields <= fieldsMax; ) {
    const first = header[start] as number;
    if (first !== SPACE && first !== TAB && first !== CR) {
      fields += 1;
      // 0x72 is `r`; bit 5 makes the letter lower case.
      if ((first | 0x20) === 0x72 && header.toString('latin1', start, start + 9).toLowerCase() === 'received:') received += 1;
    }
    const lf = header.indexOf(LF, start);
    start = lf < 0 ? header.length : lf + 1;
  }
  return { fields, received };
}
