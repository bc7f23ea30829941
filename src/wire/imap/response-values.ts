/**
 * Responses of an IMAP server as values (RFC 9051 §9): what a client reads. Lenient where servers are sloppy: anything
 * that is no list, string or literal is an atom up to the next blank or parenthesis.
 */

/** An atom or quoted string is text; a literal its bytes; NIL undefined. */
export type ImapValue = string | Buffer | undefined | readonly ImapValue[];

/** A response line, cut where literals stand: `text[i]` is followed by `literals[i]`. */
export interface ResponsePieces {
  readonly text: readonly string[];
  readonly literals: readonly Buffer[];
}

/** Lists deeper than this are not opened: no server needs them. */
const DEPTH_MAX = 50;

/** `* 12 FETCH (UID 5 …)` → `['*', '12', 'FETCH', ['UID', '5', …]]`. Never throws; what is cut off ends where it ends. */
export function readResponseValues(pieces: ResponsePieces): readonly ImapValue[] {
  return new ValueReader(pieces).list(0, false);
}

class ValueReader {
  readonly #pieces: ResponsePieces;
  #piece = 0;
  #at = 0;

  constructor(pieces: ResponsePieces) {
    this.#pieces = pieces;
  }

  get #text(): string {
    return this.#pieces.text[this.#piece] ?? '';
  }

  list(depth: number, inside: boolean): ImapValue[] {
    const values: ImapValue[] = [];
    for (;;) {
      while (this.#text[this.#at] === ' ') this.#at += 1;
      const next = this.#text[this.#at];
      if (next === undefined) {
        const literal = this.#pieces.literals[this.#piece];
        if (literal === undefined) return values;
        this.#piece += 1;
        this.#at = 0;
        values.push(literal);
      } else if (next === ')') {
        this.#at += 1;
        if (inside) return values;
      } else if (next === '(' && depth < DEPTH_MAX) {
        this.#at += 1;
        values.push(this.list(depth + 1, true));
      } else if (next === '"') values.push(this.#quoted());
      else values.push(this.#atom());
    }
  }

  #quoted(): string {
    let value = '';
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === '"') {
        this.#at += 1;
        return value;
      }
      if (character === '\\') this.#at += 1;
      value += this.#text[this.#at] ?? '';
    }
    return value;
  }

  /** `BODY[HEADER.FIELDS (A B)]<0>` is one: brackets hold what would end it elsewhere. */
  #atom(): string | undefined {
    const start = this.#at;
    let brackets = 0;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at] as string;
      if (character === '[') brackets += 1;
      else if (character === ']') brackets -= 1;
      else if (brackets <= 0 && (character === ' ' || character === '(' || character === ')') && this.#at > start) break;
    }
    const atom = this.#text.slice(start, this.#at);
    return atom.toUpperCase() === 'NIL' ? undefined : atom;
  }
}
