/**
 * Where the first lines of a message end: its header, the empty line, and so many lines of the body (TOP, RFC 1939 §7).
 * Takes the message in pieces.
 */
const LF = 10;
const CR = 13;

export class MessageTop {
  #linesLeft: number;
  #inHeader = true;
  /** Nothing but a CR in the line so far. */
  #lineIsEmpty = true;

  constructor(bodyLines: number) {
    this.#linesLeft = bodyLines;
  }

  get isComplete(): boolean {
    return !this.#inHeader && this.#linesLeft === 0;
  }

  /** How many bytes of the piece belong to it. */
  take(piece: Buffer): number {
    let at = 0;
    while (at < piece.length && !this.isComplete) {
      const lf = piece.indexOf(LF, at);
      const end = lf < 0 ? piece.length : lf;
      if (end - at > 1 || (end > at && piece[at] !== CR)) this.#lineIsEmpty = false;
      if (lf < 0) return piece.length;
      at = lf + 1;
      if (!this.#inHeader) this.#linesLeft -= 1;
      else if (this.#lineIsEmpty) this.#inHeader = false;
      this.#lineIsEmpty = true;
    }
    return at;
  }
}
