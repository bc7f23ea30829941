/**
 * A Sieve script as a tree (RFC 5228 §8.2). Never throws, for any bytes; after a mistake it goes on behind the next `;`
 * or block, so that several mistakes are told at once.
 */
import { isUtf8 } from 'node:buffer';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { Lexer, type Mark, type Token } from './lexer.ts';
import type { ArgumentNode, CommandNode, Position, StringNode, SyntaxProblem, TestNode } from './syntax.ts';

export interface ParsedScript {
  readonly commands: readonly CommandNode[];
  /** Empty for a well formed script; at most SIEVE_LIMITS.problemsMax. */
  readonly problems: readonly SyntaxProblem[];
}

export function parseScript(source: string | Uint8Array): ParsedScript {
  const problems: SyntaxProblem[] = [];
  const text = typeof source === 'string' ? source : decode(source, problems);
  const length = typeof source === 'string' ? Buffer.byteLength(source) : source.length;
  if (length > SIEVE_LIMITS.scriptBytesMax) return { commands: [], problems: [{ line: 1, column: 1, message: `the script is larger than ${SIEVE_LIMITS.scriptBytesMax} bytes` }] };
  const commands = new Parser(text.replace(/^\ufeff/, ''), problems).script();
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { commands, problems: problems.slice(0, SIEVE_LIMITS.problemsMax) };
}

/** RFC 5228 §2.1: scripts are UTF-8. */
function decode(bytes: Uint8Array, problems: SyntaxProblem[]): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  if (isUtf8(buffer)) return text;
  const before = text.slice(0, text.indexOf('\ufffd'));
  const line = before.split('\n').length;
  problems.push({ line, column: before.length - before.lastIndexOf('\n'), message: 'the script is not valid UTF-8' });
  return text;
}

/** Thrown and caught inside the parser: the command cannot be read further. */
class Unreadable extends Error {}

class Parser {
  readonly #lexer: Lexer;
  readonly #problems: SyntaxProblem[];
  #token: Token;
  #depth = 0;

  constructor(source: string, problems: SyntaxProblem[]) {
    this.#problems = problems;
    this.#lexer = new Lexer(source, problems);
    this.#token = this.#lexer.next();
  }

  script(): CommandNode[] {
    const commands: CommandNode[] = [];
    for (;;) {
      commands.push(...this.#commands());
      if (this.#token.kind === 'end' || this.#problems.length > SIEVE_LIMITS.problemsMax) return commands;
      this.#report('this “}” closes nothing');
      this.#advance();
    }
  }

  /** Up to a `}` or the end, which is left. */
  #commands(): CommandNode[] {
    const commands: CommandNode[] = [];
    while (this.#token.kind !== 'end' && !this.#at('}') && this.#problems.length <= SIEVE_LIMITS.problemsMax) {
      const depth = this.#depth;
      try {
        commands.push(this.#command());
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        this.#depth = depth;
        this.#recover();
      }
    }
    return commands;
  }

  #command(): CommandNode {
    const head = this.#head('a command');
    const block = this.#at('{') ? this.#block() : undefined;
    if (block === undefined) this.#expectEnd(head);
    return { ...head, block };
  }

  #expectEnd(head: TestNode): void {
    if (this.#at(';')) this.#advance();
    else this.#fail(`a “;” or a block is missing behind “${head.name}”`);
  }

  #block(): CommandNode[] {
    const open = this.#token;
    this.#advance();
    this.#deeper(open);
    const commands = this.#commands();
    this.#depth -= 1;
    if (this.#at('}')) this.#advance();
    else if (this.#problems.length === 0) this.#problems.push({ line: open.line, column: open.column, message: 'this block is not closed by “}”' });
    return commands;
  }

  #head(what: string): TestNode {
    const token = this.#token;
    if (token.kind !== 'identifier') return this.#fail(`${what} is expected here`);
    this.#advance();
    const at = { line: token.line, column: token.column };
    const args = this.#arguments();
    if (this.#at('(')) return { ...at, name: token.text, arguments: args, tests: this.#testList(), testList: true };
    const tests = this.#token.kind === 'identifier' ? [this.#test()] : [];
    return { ...at, name: token.text, arguments: args, tests, testList: false };
  }

  #test(): TestNode {
    this.#deeper(this.#token);
    const test = this.#head('a test');
    this.#depth -= 1;
    return test;
  }

  #testList(): TestNode[] {
    this.#advance();
    const tests = [this.#test()];
    while (this.#at(',')) {
      this.#advance();
      tests.push(this.#test());
    }
    if (!this.#at(')')) this.#fail('a “,” or “)” is missing in this list of tests');
    this.#advance();
    return tests;
  }

  #arguments(): ArgumentNode[] {
    const args: ArgumentNode[] = [];
    for (;;) {
      const token = this.#token;
      const at = { line: token.line, column: token.column };
      if (token.kind === 'number') args.push({ ...at, kind: 'number', value: token.value });
      else if (token.kind === 'tag') args.push({ ...at, kind: 'tag', name: token.text });
      else if (token.kind === 'string') args.push({ ...at, kind: 'strings', values: [{ ...at, value: token.value }], bracketed: false });
      else if (this.#at('[')) {
        args.push({ ...at, kind: 'strings', values: this.#stringList(), bracketed: true });
        continue;
      } else return args;
      this.#advance();
    }
  }

  #stringList(): StringNode[] {
    const values: StringNode[] = [];
    do {
      this.#advance();
      const token = this.#token;
      if (token.kind !== 'string') return this.#fail('a string is expected in this list');
      values.push({ line: token.line, column: token.column, value: token.value });
      this.#advance();
    } while (this.#at(','));
    if (!this.#at(']')) this.#fail('a “,” or “]” is missing in this list of strings');
    this.#advance();
    return values;
  }

  #deeper(at: Position): void {
    this.#depth += 1;
    if (this.#depth > SIEVE_LIMITS.nestingMax) this.#fail(`nested deeper than ${SIEVE_LIMITS.nestingMax} levels`, at);
  }

  /** Behind the next `;` or block of this level; a `}` that closes the level is left. */
  #recover(): void {
    let open = 0;
    while (this.#token.kind !== 'end') {
      if (this.#at('}')) {
        if (open === 0) return;
        open -= 1;
      } else if (this.#at('{')) open += 1;
      const ends = open === 0 && (this.#at(';') || this.#at('}'));
      this.#advance();
      if (ends) return;
    }
  }

  #at(mark: Mark): boolean {
    return this.#token.kind === 'mark' && this.#token.text === mark;
  }

  #advance(): void {
    this.#token = this.#lexer.next();
  }

  #fail(message: string, at: Position = this.#token): never {
    this.#report(this.#token.kind === 'end' ? `${message}, but the script ends` : message, at);
    throw new Unreadable();
  }

  #report(message: string, at: Position = this.#token): void {
    this.#problems.push({ line: at.line, column: at.column, message });
  }
}
