/** The words of a maildrop filter file (maildropfilter(7)): strings, patterns with their options, operators, ends of statements. */

export type MaildropToken =
  | { readonly kind: 'word' | 'string' | 'command'; readonly text: string; readonly line: number }
  | { readonly kind: 'pattern'; readonly text: string; readonly flags: string; readonly line: number }
  /** `;` also stands for the end of a line. */
  | { readonly kind: 'mark'; readonly text: '(' | ')' | '{' | '}' | ';' | '!' | '&&' | '||' | '=~' | '=' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | ','; readonly line: number };

/** Behind these a slash begins a path, elsewhere a pattern. */
const TAKES_PATH = new Set(['to', 'cc', 'include', 'logfile', 'xfilter', 'dotlock', 'flock', 'log', 'echo', 'system']);

/** Of characters; what is longer is no filter that a person wrote. */
export const MAILDROP_CHARS_MAX = 1024 * 1024;

/** Never throws: what cannot be read becomes words. */
export function maildropTokens(source: string): MaildropToken[] {
  const reader = new Reader(source.slice(0, MAILDROP_CHARS_MAX).replace(/\r\n?/g, '\n'));
  return reader.all();
}

class Reader {
  readonly #text: string;
  readonly #tokens: MaildropToken[] = [];
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  all(): MaildropToken[] {
    while (this.#at < this.#text.length) this.#next();
    return this.#tokens;
  }

  #next(): void {
    const character = this.#text[this.#at] as string;
    if (character === '\n') {
      this.#mark(';');
      this.#line += 1;
      this.#at += 1;
    } else if (character === '\\' && this.#text[this.#at + 1] === '\n') {
      this.#line += 1;
      this.#at += 2;
    } else if (/\s/.test(character)) this.#at += 1;
    else if (character === '#') {
      const end = this.#text.indexOf('\n', this.#at);
      this.#at = end < 0 ? this.#text.length : end;
    } else if (character === '"' || character === "'") this.#quoted(character, 'string');
    else if (character === '`') this.#quoted('`', 'command');
    else if (character === '/' && this.#mayBePattern()) this.#pattern();
    else this.#markOrWord();
  }

  #mark(text: Extract<MaildropToken, { kind: 'mark' }>['text']): void {
    this.#tokens.push({ kind: 'mark', text, line: this.#line });
  }

  #quoted(quote: string, kind: 'string' | 'command'): void {
    const line = this.#line;
    let text = '';
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== quote) {
      const character = this.#text[this.#at] as string;
      if (character === '\n') this.#line += 1;
      const escaped = character === '\\' && this.#at + 1 < this.#text.length;
      text += escaped ? this.#text[this.#at + 1] : character;
      this.#at += escaped ? 2 : 1;
    }
    this.#at += 1;
    this.#tokens.push({ kind, text, line });
  }

  #mayBePattern(): boolean {
    const last = this.#tokens.at(-1);
    if (!last || last.kind === 'mark') return true;
    return !(last.kind === 'word' && TAKES_PATH.has(last.text));
  }

  #pattern(): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== '/' && this.#text[end] !== '\n') end += this.#text[end] === '\\' ? 2 : 1;
    const text = this.#text.slice(this.#at + 1, end).replace(/\\\//g, '/');
    const flags = /^:[A-Za-z]*(?:,[-0-9.,]*)?/.exec(this.#text.slice(end + 1, end + 60))?.[0] ?? '';
    this.#at = end + 1 + flags.length;
    this.#tokens.push({ kind: 'pattern', text, flags: flags.slice(1), line: this.#line });
  }

  #markOrWord(): void {
    const rest = this.#text.slice(this.#at, this.#at + 2);
    const mark = ['&&', '||', '=~', '==', '!=', '<=', '>='].includes(rest) ? rest : '(){};!<>=+*,'.includes(rest[0] as string) ? rest[0] : undefined;
    if (mark !== undefined) {
      this.#mark(mark as Extract<MaildropToken, { kind: 'mark' }>['text']);
      this.#at += mark.length;
      return;
    }
    const word = /^[^\s;(){}&|!<>=,"'`]+/.exec(this.#text.slice(this.#at, this.#at + 4096))?.[0] ?? (rest[0] as string);
    this.#at += word.length;
    this.#tokens.push({ kind: 'word', text: word, line: this.#line });
  }
}
