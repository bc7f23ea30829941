/**
 * A message as the DATA command wants it (RFC 5321 §4.5.2): a dot more before each line that begins with one, every line
 * ended by CRLF. A bare CR or bare LF becomes CRLF, because a server that takes one for a line end could be made to see
 * the end of the message where there is none (SMTP smuggling). Clean text without dots passes without a copy.
 */
const CR = 13;
const LF = 10;
const DOT = 46;
const CRLF = Buffer.from('\r\n');
const ONE_DOT = Buffer.from('.');

export class DotStuffer {
  #lineStart = true;
  /** A CR at the end of the last chunk, whose LF may come with the next. */
  #heldCr = false;

  /** The bytes to send for this chunk, in pieces. */
  push(chunk: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    let start = 0;
    if (this.#heldCr && chunk.length > 0) {
      this.#heldCr = false;
      pieces.push(CRLF);
      this.#lineStart = true;
      if (chunk[0] === LF) start = 1;
    }
    let position = start;
    // Where the next ones are; looked for again only once passed, or text without them would be scanned per line.
    let [lf, cr] = [-2, -2];
    while (position < chunk.length) {
      if (this.#lineStart && chunk[position] === DOT) {
        pieces.push(chunk.subarray(start, position), ONE_DOT);
        start = position;
      }
      if (lf !== -1 && lf < position) lf = chunk.indexOf(LF, position);
      if (cr !== -1 && cr < position) cr = chunk.indexOf(CR, position);
      const end = lf === -1 ? chunk.length : lf;
      if (cr === -1 || cr >= end) {
        if (lf === -1) {
          this.#lineStart = false;
          break;
        }
        pieces.push(chunk.subarray(start, lf), CRLF);
        start = position = lf + 1;
      } else if (cr === end - 1 && lf !== -1) {
        position = lf + 1;
      } else if (cr === chunk.length - 1) {
        this.#heldCr = true;
        pieces.push(chunk.subarray(start, cr));
        return pieces;
      } else {
        pieces.push(chunk.subarray(start, cr), CRLF);
        start = position = cr + 1;
      }
      this.#lineStart = true;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
    return pieces;
  }

  /** The end of the message, with a line end before it where the text had none. RFC 5321 §4.1.1.4. */
  end(): Buffer {
    return Buffer.from(this.#heldCr || !this.#lineStart ? '\r\n.\r\n' : '.\r\n');
  }
}
