/**
 * Reads the arguments of one IMAP command from left to right (RFC 9051 §9): atoms, strings, literals, numbers, lists.
 *
 * A command is one text (bytes as Latin-1 characters) in which each literal's announcement `{n}CRLF` still stands, beside the
 * literals' contents. CRLF cannot occur in a line otherwise, so the two never mix. What cannot be read throws ImapSyntaxError with a text
 * for the client; nothing here looks at more than one character ahead or backtracks.
 */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import type { ByteSource } from '../../base/byte-source.ts';

/** The command is malformed: answered with a tagged BAD and this text. */
export class ImapSyntaxError extends Error {
  /** Response code, if any. */
  readonly responseCode: string | undefined;

  constructor(text: string, responseCode?: string) {
    super(text);
    this.name = 'ImapSyntaxError';
    this.responseCode = responseCode;
  }
}

export interface LiteralContent {
  /** RFC 9051 literal8, `~{n}`: may hold NUL. */
  readonly binary: boolean;
  readonly content: ByteSource;
}

export interface CommandInput {
  /** Without the CRLF at the end; one character for each byte. */
  readonly text: string;
  readonly literals: readonly LiteralContent[];
}

/** What was enabled decides how strings are read (RFC 6855 §3, RFC 9051 §6.3.1). */
export interface ScanOptions {
  /** Mailbox names are UTF-8 and quoted strings may hold it; else names are in modified UTF-7 (RFC 3501 §5.1.3). */
  readonly utf8: boolean;
}

const IN_ATOM = 1;
const IN_ASTRING = 2;
const IN_LIST = 4;
const IN_TAG = 8;

/** For each byte: in which words it may stand. */
const CLASSES = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  for (let code = 0x21; code < 0x7f; code++) {
    const character = String.fromCharCode(code);
    const atom = !'(){%*"\\]'.includes(character);
    if (atom) table[code] = IN_ATOM | IN_ASTRING | IN_LIST | (character === '+' ? 0 : IN_TAG);
  }
  table[0x5d] = IN_ASTRING | IN_LIST | IN_TAG;
  table[0x25] = IN_LIST;
  table[0x2a] = IN_LIST;
  // Clients send names in UTF-8 without quoting them; they mean one thing only.
  for (let code = 0x80; code < 256; code++) table[code] = IN_ASTRING | IN_LIST;
  return table;
}

export class ImapScanner {
  readonly text: string;
  readonly utf8: boolean;
  readonly #literals: readonly LiteralContent[];
  #at = 0;
  #literal = 0;
  #depth = 0;
  #items = 0;

  constructor(input: CommandInput, options: ScanOptions = { utf8: false }) {
    this.text = input.text;
    this.#literals = input.literals;
    this.utf8 = options.utf8;
  }

  get atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  /** The next character, '' at the end. */
  peek(): string {
    return this.text.charAt(this.#at);
  }

  /** True, and goes on behind it, when `character` is next. */
  accept(character: string): boolean {
    if (this.text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** The same for several characters, in capitals; compared without case. */
  acceptText(text: string): boolean {
    if (this.text.slice(this.#at, this.#at + text.length).toUpperCase() !== text) return false;
    this.#at += text.length;
    return true;
  }

  expect(character: string): void {
    if (!this.accept(character)) this.fail(`expected ${character === ' ' ? 'a space' : `"${character}"`}`);
  }

  /** The one space between arguments. */
  space(): void {
    this.expect(' ');
  }

  end(): void {
    // Many clients leave a space at the end of the line; it means nothing.
    while (this.accept(' ')) continue;
    if (!this.atEnd) this.fail('expected the end of the command');
  }

  /** Throws ImapSyntaxError that says where. */
  fail(what: string): never {
    const found = this.atEnd ? 'the end of the command' : `"${printable(this.text.slice(this.#at, this.#at + 20))}"`;
    throw new ImapSyntaxError(`${what}, found ${found} at column ${this.#at + 1}`);
  }

  #word(mask: number, what: string): string {
    const start = this.#at;
    const { text } = this;
    let at = start;
    while (at < text.length && ((CLASSES[text.charCodeAt(at)] as number) & mask) !== 0) at += 1;
    if (at === start) this.fail(`expected ${what}`);
    this.#at = at;
    return text.slice(start, at);
  }

  tag(): string {
    const tag = this.#word(IN_TAG, 'a tag');
    if (tag.length > IMAP_LIMITS.tagBytesMax) throw new ImapSyntaxError(`a tag has at most ${IMAP_LIMITS.tagBytesMax} characters`);
    return tag;
  }

  /** As written. */
  atom(what = 'an atom'): string {
    return this.#word(IN_ATOM, what);
  }

  /** In capitals: names of commands, items and options are told apart without case. */
  keyword(what = 'a word'): string {
    return this.#word(IN_ATOM, what).toUpperCase();
  }

  /** Goes on behind `word` (in capitals) when it is next and ends there. */
  acceptKeyword(word: string): boolean {
    const end = this.#at + word.length;
    if (this.text.slice(this.#at, end).toUpperCase() !== word) return false;
    if (end < this.text.length && ((CLASSES[this.text.charCodeAt(end)] as number) & IN_ATOM) !== 0) return false;
    this.#at = end;
    return true;
  }

  /** RFC 9051 number, at most 2^32-1. */
  number(what = 'a number'): number {
    return this.#digits(what, 0xffffffff);
  }

  /** RFC 9051 number64, RFC 7162 mod-sequence-value: at most 2^53-1 here, which lasts. */
  number64(what = 'a number'): number {
    return this.#digits(what, Number.MAX_SAFE_INTEGER);
  }

  nonZero(what = 'a number above 0'): number {
    const value = this.number(what);
    if (value === 0) throw new ImapSyntaxError(`expected ${what}, found 0`);
    return value;
  }

  #digits(what: string, largest: number): number {
    const start = this.#at;
    const { text } = this;
    let value = 0;
    for (let code = text.charCodeAt(this.#at); code >= 0x30 && code <= 0x39; code = text.charCodeAt(++this.#at)) {
      value = value * 10 + (code - 0x30);
      if (value > largest) throw new ImapSyntaxError(`${text.slice(start, start + 24)} is too large a number`);
    }
    if (this.#at === start) this.fail(`expected ${what}`);
    return value;
  }

  /** True when a quoted string or a literal is next. */
  get atString(): boolean {
    const next = this.peek();
    return next === '"' || next === '{' || (next === '~' && this.text[this.#at + 1] === '{');
  }

  /** A quoted string or a literal, as bytes. */
  stringBytes(what = 'a string'): Buffer {
    return this.peek() === '"' ? Buffer.from(this.#quoted(), 'latin1') : this.#smallLiteral(what);
  }

  /** A quoted string or a literal, as text: UTF-8, and what is not that, as Latin-1. */
  string(what = 'a string'): string {
    return this.peek() === '"' ? decodeText(this.#quoted()) : bytesToText(this.#smallLiteral(what));
  }

  /** NIL is undefined. */
  nstring(what = 'a string or NIL'): string | undefined {
    return this.acceptKeyword('NIL') ? undefined : this.string(what);
  }

  astring(what = 'a string'): string {
    return this.atString ? this.string(what) : decodeText(this.#word(IN_ASTRING, what));
  }

  /** RFC 9051 list-mailbox: like astring, and with the wildcards unquoted. */
  listPattern(what = 'a mailbox pattern'): string {
    return this.atString ? this.string(what) : decodeText(this.#word(IN_LIST, what));
  }

  /** A literal whose content may be large and lie in a file (APPEND). */
  literal(what = 'a literal'): LiteralContent {
    const binary = this.accept('~');
    if (!this.accept('{')) this.fail(`expected ${what}`);
    const end = this.text.indexOf('\r\n', this.#at);
    const literal = this.#literals[this.#literal];
    if (end < 0 || !literal || literal.binary !== binary) this.fail(`expected ${what}`);
    this.#literal += 1;
    this.#at = end + 2;
    return literal;
  }

  #smallLiteral(what: string): Buffer {
    const { content } = this.literal(what);
    if (!content.inMemory || content.inMemory.length > IMAP_LIMITS.literalBytesMax) throw new ImapSyntaxError('the literal is too large');
    return content.inMemory;
  }

  #quoted(): string {
    const { text } = this;
    let from = this.#at + 1;
    let value = '';
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        this.#at = at + 1;
        return value + text.slice(from, at);
      }
      if (code === 0x5c) {
        const next = text[at + 1];
        if (next !== '"' && next !== '\\') throw new ImapSyntaxError('in a quoted string, a backslash stands before " or another backslash only');
        value += text.slice(from, at);
        from = ++at;
      } else if (code === 0x0d || code === 0x0a || code === 0) break;
    }
    throw new ImapSyntaxError('a quoted string is not closed');
  }

  /** `(item item …)`, perhaps empty. */
  list<T>(item: () => T): T[] {
    this.expect('(');
    const items: T[] = [];
    this.nested(() => {
      if (this.accept(')')) return;
      for (;;) {
        this.countItem();
        items.push(item());
        if (this.accept(')')) return;
        this.space();
      }
    });
    return items;
  }

  /** A list, or one item without parentheses. */
  listOrOne<T>(item: () => T): T[] {
    return this.peek() === '(' ? this.list(item) : [item()];
  }

  /** Bounds how deep arguments may be nested. */
  nested<T>(read: () => T): T {
    if (++this.#depth > IMAP_LIMITS.nestingMax) throw new ImapSyntaxError(`arguments may be nested ${IMAP_LIMITS.nestingMax} deep`);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  /** Bounds how many items a command may have, all lists together. */
  countItem(): void {
    if (++this.#items > IMAP_LIMITS.argumentsMax) throw new ImapSyntaxError(`a command may have ${IMAP_LIMITS.argumentsMax} arguments`);
  }

  /** The characters from here on that `accepts` takes, perhaps none. */
  run(accepts: (code: number) => boolean): string {
    const start = this.#at;
    while (this.#at < this.text.length && accepts(this.text.charCodeAt(this.#at))) this.#at += 1;
    return this.text.slice(start, this.#at);
  }
}

/** Characters that stand for bytes, read as UTF-8. */
function decodeText(latin1: string): string {
  // oxlint-disable-next-line no-control-regex -- the test is for bytes above ASCII
  return /^[\x00-\x7f]*$/.test(latin1) ? latin1 : bytesToText(Buffer.from(latin1, 'latin1'));
}

function bytesToText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') && !bytes.includes('\ufffd') ? bytes.toString('latin1') : text;
}

/** For error texts: no byte of a client's can break our line. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, "'");
}
