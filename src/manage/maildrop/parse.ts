/** A maildrop filter file as a tree of statements. What is not understood stays in it, with its line. */
import { maildropTokens, type MaildropToken } from './tokens.ts';

export type Test =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Test[]; readonly line: number }
  | { readonly kind: 'not'; readonly test: Test; readonly line: number }
  | { readonly kind: 'pattern'; readonly text: string; readonly flags: string; /** What it is compared with; absent: the message. */ readonly subject?: Value; readonly line: number }
  | { readonly kind: 'compare'; readonly left: Value; readonly operator: string; readonly right: Value; readonly line: number }
  | { readonly kind: 'hasaddr'; readonly value: Value; readonly line: number }
  | { readonly kind: 'unknown'; readonly what: string; readonly line: number };

/** `command`: the output of a program. */
export interface Value {
  readonly kind: 'text' | 'command' | 'expression';
  readonly text: string;
  /** The text in these letters. */
  readonly letters?: 'lower' | 'upper';
}

export type Statement =
  | { readonly kind: 'to' | 'cc'; readonly value: Value; readonly line: number }
  | { readonly kind: 'include'; readonly value: Value; readonly line: number }
  | { readonly kind: 'if'; readonly branches: readonly { readonly test: Test; readonly body: readonly Statement[] }[]; readonly otherwise: readonly Statement[] | undefined; readonly line: number }
  | { readonly kind: 'set'; readonly name: string; readonly value: Value; readonly line: number }
  | { readonly kind: 'exception'; readonly body: readonly Statement[]; readonly line: number }
  | { readonly kind: 'exit'; readonly line: number }
  /** A statement that has no counterpart. */
  | { readonly kind: 'other'; readonly word: string; readonly text: string; readonly line: number };

const NESTING_MAX = 50;

const LETTERS: Readonly<Record<string, 'lower' | 'upper'>> = { tolower: 'lower', toupper: 'upper' };

export function parseMaildrop(source: string): readonly Statement[] {
  return new Parser(maildropTokens(source)).block(0, false);
}

class Parser {
  readonly #tokens: readonly MaildropToken[];
  #at = 0;

  constructor(tokens: readonly MaildropToken[]) {
    this.#tokens = tokens;
  }

  block(depth: number, isInner: boolean): Statement[] {
    const statements: Statement[] = [];
    while (this.#at < this.#tokens.length) {
      if (this.#takes(';')) continue;
      if (this.#takes('}')) {
        if (isInner) return statements;
        continue;
      }
      statements.push(this.#statement(depth));
    }
    return statements;
  }

  get #line(): number {
    return this.#tokens[this.#at]?.line ?? this.#tokens.at(-1)?.line ?? 1;
  }

  #takes(mark: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'mark' || token.text !== mark) return false;
    this.#at += 1;
    return true;
  }

  #skipEnds(): void {
    while (this.#takes(';')) { /* blank lines */ }
  }

  #statement(depth: number): Statement {
    const line = this.#line;
    const token = this.#tokens[this.#at] as MaildropToken;
    if (token.kind !== 'word' || depth > NESTING_MAX) return this.#other('', line);
    const next = this.#tokens[this.#at + 1];
    if (next?.kind === 'mark' && next.text === '=' && /^[A-Za-z_]\w*$/.test(token.text)) {
      this.#at += 2;
      return { kind: 'set', name: token.text, value: this.#assigned(), line };
    }
    this.#at += 1;
    switch (token.text) {
      case 'to':
      case 'cc':
      case 'include':
        return { kind: token.text, value: this.#value(), line } as Statement;
      case 'if':
        return this.#if(depth, line);
      case 'exception':
        return { kind: 'exception', body: this.#body(depth), line };
      case 'exit':
        return { kind: 'exit', line };
      default:
        return this.#other(token.text, line);
    }
  }

  #if(depth: number, line: number): Statement {
    const branches = [{ test: this.#test(0), body: this.#body(depth) }];
    let otherwise: readonly Statement[] | undefined;
    for (;;) {
      const before = this.#at;
      this.#skipEnds();
      const token = this.#tokens[this.#at];
      if (token?.kind === 'word' && token.text === 'elsif') {
        this.#at += 1;
        branches.push({ test: this.#test(0), body: this.#body(depth) });
      } else if (token?.kind === 'word' && token.text === 'else') {
        this.#at += 1;
        otherwise = this.#body(depth);
        break;
      } else {
        this.#at = before;
        break;
      }
    }
    return { kind: 'if', branches, otherwise, line };
  }

  /** In braces, or one statement. */
  #body(depth: number): Statement[] {
    this.#skipEnds();
    if (this.#takes('{')) return this.block(depth + 1, true);
    return this.#at < this.#tokens.length ? [this.#statement(depth + 1)] : [];
  }

  /** To the end of the statement, its block with it. */
  #other(word: string, line: number): Extract<Statement, { kind: 'other' }> {
    const pieces: string[] = [];
    let depth = 0;
    while (this.#at < this.#tokens.length) {
      const token = this.#tokens[this.#at] as MaildropToken;
      if (token.kind === 'mark' && depth === 0 && (token.text === ';' || token.text === '}')) {
        // The block may begin on the next line.
        const follows = this.#tokens.slice(this.#at, this.#at + 8).find((one) => !(one.kind === 'mark' && one.text === ';'));
        if (token.text === ';' && ['foreach', 'while'].includes(word) && follows?.kind === 'mark' && follows.text === '{') {
          this.#skipEnds();
          continue;
        }
        break;
      }
      this.#at += 1;
      if (token.kind === 'mark' && token.text === '{') depth += 1;
      if (token.kind === 'mark' && token.text === '}') {
        depth -= 1;
        if (depth === 0) break;
      }
      pieces.push(token.kind === 'command' ? `\`${token.text}\`` : token.text);
    }
    return { kind: 'other', word, text: pieces.join(' '), line };
  }

  /** A value, or a function of one. */
  #assigned(): Value {
    const token = this.#tokens[this.#at];
    const letters = token?.kind === 'word' ? LETTERS[token.text] : undefined;
    const isCalled = this.#tokens[this.#at + 1]?.kind === 'mark' && this.#tokens[this.#at + 1]?.text === '(';
    if (letters === undefined) return isCalled ? { kind: 'expression', text: this.#other('', this.#line).text } : this.#value();
    this.#at += isCalled ? 2 : 1;
    const value = this.#value();
    if (isCalled) this.#takes(')');
    return { ...value, letters };
  }

  /** Strings and words side by side, up to the end of the statement. */
  #value(): Value {
    const pieces: string[] = [];
    let kind: Value['kind'] = 'text';
    for (;;) {
      const token = this.#tokens[this.#at];
      if (!token || (token.kind === 'mark' && [';', '{', '}', ')', '&&', '||', ','].includes(token.text))) break;
      this.#at += 1;
      if (token.kind === 'command') kind = 'command';
      else if (token.kind !== 'word' && token.kind !== 'string' && token.text !== '!' && kind !== 'command') kind = 'expression';
      pieces.push(token.text);
    }
    return { kind, text: pieces.join(kind === 'text' ? '' : ' ') };
  }

  #test(depth: number): Test {
    const line = this.#line;
    const parts = [this.#conjunction(depth)];
    while (this.#follows('||')) parts.push(this.#conjunction(depth));
    return parts.length === 1 ? (parts[0] as Test) : { kind: 'or', parts, line };
  }

  #conjunction(depth: number): Test {
    const line = this.#line;
    const parts = [this.#factor(depth)];
    while (this.#follows('&&')) parts.push(this.#factor(depth));
    return parts.length === 1 ? (parts[0] as Test) : { kind: 'and', parts, line };
  }

  /** An operator, also at the beginning of the next line inside of parentheses. */
  #follows(mark: '&&' | '||'): boolean {
    const before = this.#at;
    this.#skipEnds();
    if (this.#takes(mark)) {
      this.#skipEnds();
      return true;
    }
    this.#at = before;
    return false;
  }

  #factor(depth: number): Test {
    const line = this.#line;
    if (depth > NESTING_MAX) return { kind: 'unknown', what: 'parentheses too deep', line };
    if (this.#takes('!')) return { kind: 'not', test: this.#factor(depth + 1), line };
    if (this.#takes('(')) {
      this.#skipEnds();
      const test = this.#test(depth + 1);
      this.#skipEnds();
      this.#takes(')');
      return this.#scored(test, line);
    }
    const token = this.#tokens[this.#at];
    if (token?.kind === 'pattern') {
      this.#at += 1;
      return this.#scored({ kind: 'pattern', text: token.text, flags: token.flags, line }, line);
    }
    if (token?.kind === 'word' && this.#tokens[this.#at + 1]?.kind === 'mark' && this.#tokens[this.#at + 1]?.text === '(') return this.#call(token.text, line);
    return this.#comparison(line);
  }

  /** `/pattern/,1,1 > 5` and the like. */
  #scored(test: Test, line: number): Test {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'mark' || !['<', '<=', '>', '>=', '==', '!=', '+', '-', '*', ','].includes(token.text)) return test;
    this.#restOfTest();
    return { kind: 'unknown', what: 'scoring', line };
  }

  #call(name: string, line: number): Test {
    this.#at += 2;
    const value = this.#value();
    const isPlain = this.#takes(')');
    if (!isPlain) this.#restOfTest();
    if (name === 'hasaddr' && isPlain && value.kind === 'text') return { kind: 'hasaddr', value, line };
    this.#takes(')');
    return { kind: 'unknown', what: `${name}()`, line };
  }

  #restOfTest(): void {
    for (let depth = 0; this.#at < this.#tokens.length; this.#at += 1) {
      const token = this.#tokens[this.#at] as MaildropToken;
      if (token.kind !== 'mark') continue;
      if (token.text === '(') depth += 1;
      else if (token.text === ')' && depth > 0) depth -= 1;
      else if (['&&', '||', ';', '{', ')'].includes(token.text) && depth === 0) return;
    }
  }

  #comparison(line: number): Test {
    const left = this.#operand();
    const token = this.#tokens[this.#at];
    if (!left) {
      this.#restOfTest();
      return { kind: 'unknown', what: 'this test', line };
    }
    if (token?.kind === 'mark' && token.text === '=~') {
      this.#at += 1;
      const pattern = this.#tokens[this.#at];
      if (pattern?.kind === 'pattern') {
        this.#at += 1;
        return this.#scored({ kind: 'pattern', text: pattern.text, flags: pattern.flags, subject: left, line }, line);
      }
    }
    const isOperator = (token?.kind === 'mark' && ['<', '<=', '>', '>=', '==', '!='].includes(token.text)) || (token?.kind === 'word' && ['eq', 'ne', 'lt', 'le', 'gt', 'ge'].includes(token.text));
    if (!isOperator) {
      this.#restOfTest();
      return { kind: 'unknown', what: 'this test', line };
    }
    this.#at += 1;
    const right = this.#operand();
    if (!right) return { kind: 'unknown', what: 'this comparison', line };
    return { kind: 'compare', left, operator: token.text, right, line };
  }

  #operand(): Value | undefined {
    const token = this.#tokens[this.#at];
    if (!token || (token.kind !== 'word' && token.kind !== 'string' && token.kind !== 'command')) return undefined;
    this.#at += 1;
    return { kind: token.kind === 'command' ? 'command' : 'text', text: token.text };
  }
}
