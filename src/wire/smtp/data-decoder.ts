/**
 * The content of a message on the wire: `DataDecoder` for DATA (finds the end, takes the stuffed dots off), and
 * `FramingCheck` for BDAT (whose length is known). RFC 5321 §4.1.1.4, §4.5.2; RFC 3030.
 *
 * Policy: a line ends in CR LF and in nothing else, and only CR LF "." CR LF ends the content. A bare CR, a bare LF, a
 * NUL or a line beyond the limit is a violation: reading goes on to the true end, so that what follows in the stream is
 * never taken for commands, and the message must then be refused. Two servers that disagree about the end of a message
 * are how forged messages are smuggled.
 */

export type FramingViolation = 'bare-cr' | 'bare-lf' | 'nul' | 'line-too-long';

const CR = 13;
const LF = 10;
const DOT = 46;
const EMPTY = Buffer.alloc(0);

export class DataDecoder {
  /** The first thing wrong; content is not emitted any more once it is set. */
  violation: FramingViolation | undefined;
  readonly #lineBytesMax: number;
  #emit: (slice: Buffer) => void;
  /** At most the two bytes whose meaning the next byte decides: CR, or "." or ".CR" at the start of a line. */
  #held: Buffer = EMPTY;
  #atLineStart = true;
  /** Bytes of the current line that came in earlier chunks. */
  #lineBytes = 0;
  #nextCr = -1;

  /** `emit` gets slices of the pushed chunks, not copies. */
  constructor(lineBytesMax: number, emit: (slice: Buffer) => void) {
    this.#lineBytesMax = lineBytesMax;
    this.#emit = emit;
  }

  /** What follows the end of the content (perhaps nothing), or `undefined` while the end has not come. */
  push(chunk: Buffer): Buffer | undefined {
    const input = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = EMPTY;
    this.#nextCr = input.indexOf(CR);
    let sliceStart = 0;
    let position = 0;
    for (;;) {
      if (this.#atLineStart && input[position] === DOT) {
        const end = dotLine(input, position);
        if (end === 'end') {
          this.#pass(input, sliceStart, position);
          return input.subarray(position + 3);
        }
        if (end === 'unknown') return this.#hold(input, sliceStart, position);
        this.#pass(input, sliceStart, position);
        position += 1;
        sliceStart = position;
      }
      if (position === input.length) return this.#hold(input, sliceStart, position);
      const lf = input.indexOf(LF, position);
      if (lf < 0) return this.#unfinishedLine(input, sliceStart, position);
      this.#line(input, position, lf);
      position = lf + 1;
    }
  }

  /** Judges the line from `start` to the LF at `lf`. */
  #line(input: Buffer, start: number, lf: number): void {
    if (this.#nextCr >= 0 && this.#nextCr < start) this.#nextCr = input.indexOf(CR, start);
    const proper = lf > start && input[lf - 1] === CR;
    if (!proper) this.#violate('bare-lf');
    if (this.#nextCr >= 0 && this.#nextCr < (proper ? lf - 1 : lf)) this.#violate('bare-cr');
    if (this.#nextCr >= 0 && this.#nextCr <= lf) this.#nextCr = input.indexOf(CR, lf + 1);
    if (this.#lineBytes + lf - start > this.#lineBytesMax) this.#violate('line-too-long');
    this.#lineBytes = 0;
    // Only CR LF begins a line: "LF . CR LF" must not end the content.
    this.#atLineStart = proper;
  }

  #unfinishedLine(input: Buffer, sliceStart: number, position: number): undefined {
    const end = input[input.length - 1] === CR ? input.length - 1 : input.length;
    if (this.#nextCr >= 0 && this.#nextCr < position) this.#nextCr = input.indexOf(CR, position);
    if (this.#nextCr >= 0 && this.#nextCr < end) this.#violate('bare-cr');
    this.#lineBytes += end - position;
    if (this.#lineBytes > this.#lineBytesMax) this.#violate('line-too-long');
    this.#atLineStart = this.#atLineStart && end === position;
    return this.#hold(input, sliceStart, end);
  }

  #hold(input: Buffer, sliceStart: number, from: number): undefined {
    this.#pass(input, sliceStart, from);
    // A copy: holding two bytes must not keep a whole chunk alive.
    if (from < input.length) this.#held = Buffer.from(input.subarray(from));
    return undefined;
  }

  #pass(input: Buffer, start: number, end: number): void {
    if (end <= start || this.violation !== undefined) return;
    const slice = input.subarray(start, end);
    if (slice.includes(0)) this.#violate('nul');
    else this.#emit(slice);
  }

  #violate(violation: FramingViolation): void {
    this.violation ??= violation;
  }
}

/** What the "." at the start of a line is: the end, a stuffed dot, or not to be known yet. */
function dotLine(input: Buffer, at: number): 'end' | 'stuffed' | 'unknown' {
  if (at + 1 >= input.length) return 'unknown';
  if (input[at + 1] !== CR) return 'stuffed';
  if (at + 2 >= input.length) return 'unknown';
  return input[at + 2] === LF ? 'end' : 'stuffed';
}

/** Watches content whose framing is known; feed every slice, then call `finish`. */
export class FramingCheck {
  violation: FramingViolation | undefined;
  readonly #lineBytesMax: number;
  #endedInCr = false;
  #lineBytes = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  feed(slice: Buffer): void {
    if (this.violation !== undefined || slice.length === 0) return;
    if (slice.includes(0)) this.violation = 'nul';
    if (this.#endedInCr && slice[0] !== LF) this.violation = 'bare-cr';
    let position = 0;
    while (this.violation === undefined && position < slice.length) position = this.#line(slice, position);
    this.#endedInCr = slice[slice.length - 1] === CR;
  }

  /** Content that ends in CR has a bare one. */
  finish(): void {
    if (this.#endedInCr) this.violation ??= 'bare-cr';
  }

  #line(slice: Buffer, start: number): number {
    const lf = slice.indexOf(LF, start);
    const end = lf < 0 ? slice.length : lf;
    const cr = slice.indexOf(CR, start);
    const crIsLast = cr === end - 1;
    if (cr >= 0 && cr < end && !crIsLast) this.violation = 'bare-cr';
    else if (lf >= 0 && !(lf === 0 ? this.#endedInCr : slice[lf - 1] === CR)) this.violation = 'bare-lf';
    this.#lineBytes += end - start;
    if (this.#lineBytes > this.#lineBytesMax) this.violation ??= 'line-too-long';
    if (lf >= 0) this.#lineBytes = 0;
    return lf < 0 ? slice.length : lf + 1;
  }
}
