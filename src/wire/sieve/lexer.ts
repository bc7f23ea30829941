/**
 * The words of a Sieve script (RFC 5228 §8.1). One pass, linear in the length; what is no token is named as a problem
 * and passed over. Line ends inside strings come out as CRLF, whichever the script uses.
 */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { Position, SyntaxProblem } from './syntax.ts';

export type Token = Position &
  (
    | { readonly kind: 'identifier'; readonly text: string }
    | { readonly kind: 'tag'; readonly text: string }
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'mark'; readonly text: Mark }
    | { readonly kind: 'end' }
  );

export type Mark = ';' | ',' | '(' | ')' | '[' | ']' | '{' | '}';

const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /([0-9]+)([KMGkmg]?)/y;
const BLANKS_TO_LINE_END = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

export class Lexer {
  readonly #source: string;
  readonly #problems: SyntaxProblem[];
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(source: string, problems: SyntaxProblem[]) {
    this.#source = source;
    this.#problems = problems;
  }

  next(): Token {
    for (;;) {
      this.#skipBlanks();
      const at = this.#position();
      const character = this.#source[this.#offset];
      if (character === undefined) return { ...at, kind: 'end' };
      const token = this.#read(character, at);
      if (token) return token;
    }
  }

  #read(character: string, at: Position): Token | undefined {
    if (';,()[]{}'.includes(character)) {
      this.#offset += 1;
      return { ...at, kind: 'mark', text: character as Mark };
    }
    if (character === '"') return { ...at, kind: 'string', value: this.#quoted(at) };
    if (character >= '0' && character <= '9') return { ...at, kind: 'number', value: this.#number(at) };
    if (character === ':') {
      this.#offset += 1;
      const name = this.#take(IDENTIFIER);
      if (name) return { ...at, kind: 'tag', text: name[0].toLowerCase() };
      return this.#problem(at, 'a name must follow the colon of a tag');
    }
    const word = this.#take(IDENTIFIER);
    if (!word) return this.#strange(at);
    if (word[0].toLowerCase() !== 'text' || this.#source[this.#offset] !== ':') return { ...at, kind: 'identifier', text: word[0].toLowerCase() };
    this.#offset += 1;
    return { ...at, kind: 'string', value: this.#multiLine(at) };
  }

  #strange(at: Position): undefined {
    const code = this.#source.codePointAt(this.#offset) as number;
    this.#offset += code > 0xffff ? 2 : 1;
    const shown = code > 32 && code !== 127 ? `“${String.fromCodePoint(code)}”` : `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    return this.#problem(at, `${shown} cannot stand here`);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#source);
    if (match) this.#advanceTo(this.#offset + match[0].length);
    return match ?? undefined;
  }

  #number(at: Position): number {
    const match = this.#take(NUMBER) as RegExpExecArray;
    const value = Number(match[1]) * (UNITS[(match[2] as string).toUpperCase()] as number);
    if (value <= SIEVE_LIMITS.numberMax) return value;
    this.#problem(at, 'this number is too large');
    return SIEVE_LIMITS.numberMax;
  }

  /** RFC 5228 §2.4.2: a backslash in front of any other character than `"` and `\` is ignored. */
  #quoted(at: Position): string {
    const source = this.#source;
    let value = '';
    let offset = this.#offset + 1;
    let run = offset;
    for (; offset < source.length; offset += 1) {
      const character = source[offset];
      if (character === '"') {
        value += source.slice(run, offset);
        this.#advanceTo(offset + 1);
        return this.#clean(value, at);
      }
      if (character === '\\') {
        value += source.slice(run, offset);
        offset += 1;
        run = offset;
      }
    }
    this.#advanceTo(source.length);
    this.#problem(at, 'this string is not closed by a quotation mark');
    return this.#clean(value, at);
  }

  /** RFC 5228 §8.1 multi-line: to a line with a single dot; of two dots in front, one goes. */
  #multiLine(at: Position): string {
    if (!this.#take(BLANKS_TO_LINE_END)) {
      this.#problem(at, 'after “text:” the text begins on the next line');
      return '';
    }
    const lines: string[] = [];
    while (this.#offset < this.#source.length) {
      const lf = this.#source.indexOf('\n', this.#offset);
      const end = lf < 0 ? this.#source.length : lf;
      const line = this.#source.slice(this.#offset, end).replace(/\r$/, '');
      this.#advanceTo(Math.min(end + 1, this.#source.length));
      if (line === '.') return this.#clean(lines.join(''), at);
      lines.push(line.startsWith('..') ? line.slice(1) : line, '\r\n');
    }
    this.#problem(at, 'this text is not ended by a line with a single dot');
    return '';
  }

  #clean(value: string, at: Position): string {
    if (value.includes('\0')) this.#problem(at, 'a string may not hold NUL');
    return value.includes('\n') ? value.replace(/\r?\n/g, '\r\n') : value;
  }

  #skipBlanks(): void {
    const source = this.#source;
    for (;;) {
      const character = source[this.#offset];
      if (character === ' ' || character === '\t' || character === '\r') this.#offset += 1;
      else if (character === '\n') this.#advanceTo(this.#offset + 1);
      else if (character === '#') this.#skipTo('\n', 0);
      else if (character === '/' && source[this.#offset + 1] === '*') this.#bracketComment();
      else return;
    }
  }

  #bracketComment(): void {
    const at = this.#position();
    this.#offset += 2;
    if (!this.#skipTo('*/', 2)) this.#problem(at, 'this comment is not closed by “*/”');
  }

  #skipTo(mark: string, behind: number): boolean {
    const found = this.#source.indexOf(mark, this.#offset);
    this.#advanceTo(found < 0 ? this.#source.length : found + behind);
    return found >= 0;
  }

  #advanceTo(offset: number): void {
    for (let lf = this.#source.indexOf('\n', this.#offset); lf >= 0 && lf < offset; lf = this.#source.indexOf('\n', lf + 1)) {
      this.#line += 1;
      this.#lineStart = lf + 1;
    }
    this.#offset = offset;
  }

  #position(): Position {
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }

  #problem(at: Position, message: string): undefined {
    this.#problems.push({ line: at.line, column: at.column, message });
    return undefined;
  }
}
