/**
 * What a client has sent and its session has not read yet, taken as lines or by count.
 *
 * Policy: every byte is searched for a line end once, however small the pieces that it comes in. Nothing is kept while
 * there is no input.
 */
const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);
/** So many pieces are put together: each costs some hundred bytes beside its content. */
const PIECES_MAX = 32;

export class InputBuffer {
  #pieces: Buffer[] = [];
  #size = 0;
  /** Bytes from the start that have no line end in them. */
  #searched = 0;

  get size(): number {
    return this.#size;
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#pieces.length > PIECES_MAX) this.#pieces = [Buffer.concat(this.#pieces, this.#size)];
  }

  clear(): void {
    this.#pieces = [];
    this.#size = 0;
    this.#searched = 0;
  }

  /** A line without its end; undefined when none is complete, `too-long` when it is or will be longer than `bytesMax` (then nothing is taken). */
  takeLine(bytesMax: number): Buffer | 'too-long' | undefined {
    const end = this.#lineEnd();
    if (end < 0) return this.#size > bytesMax + 1 ? 'too-long' : undefined;
    const bytes = this.take(end + 1);
    const length = end > 0 && bytes[end - 1] === CR ? end - 1 : end;
    if (length <= bytesMax) return bytes.subarray(0, length);
    this.#pieces.unshift(bytes);
    this.#size += bytes.length;
    return 'too-long';
  }

  /** Drops what there is of a line. True when its end was there. */
  dropLine(): boolean {
    const end = this.#lineEnd();
    if (end < 0) this.clear();
    else this.take(end + 1);
    return end >= 0;
  }

  /** At most so many bytes, in one piece. */
  take(sizeMax: number): Buffer {
    const size = Math.min(sizeMax, this.#size);
    if (size === 0) return EMPTY;
    const first = this.#pieces[0] as Buffer;
    // Mostly all of it came in one piece.
    const whole = first.length >= size ? first : Buffer.concat(this.#pieces, this.#size);
    if (whole.length > size) this.#pieces.splice(0, whole === first ? 1 : this.#pieces.length, whole.subarray(size));
    else this.#pieces.splice(0, whole === first ? 1 : this.#pieces.length);
    this.#size -= size;
    this.#searched = Math.max(0, this.#searched - size);
    return whole.length === size ? whole : whole.subarray(0, size);
  }

  /** To be called before a longer wait: a few bytes must not keep the large piece that they came with. */
  compact(): void {
    if (this.#size === 0) return;
    const kept = this.#pieces.reduce((sum, piece) => sum + piece.buffer.byteLength, 0);
    if (kept <= 2 * this.#size + 1024) return;
    // Not of Node's pool, which would be kept as well.
    const rest = Buffer.allocUnsafeSlow(this.#size);
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(rest, at);
    this.#pieces = [rest];
  }

  /** Where the first line end is; -1 when there is none. */
  #lineEnd(): number {
    let start = 0;
    for (const piece of this.#pieces) {
      const end = start + piece.length;
      if (end > this.#searched) {
        const at = piece.indexOf(LF, Math.max(0, this.#searched - start));
        if (at >= 0) return start + at;
        this.#searched = end;
      }
      start = end;
    }
    return -1;
  }
}
