/**
 * From a maildrop filter file to a Sieve script: the usual statements, in the same order and with the same effect. What
 * has no counterpart is named with its line, and stands in the script as a comment where it was.
 *
 *   to F; cc F           fileinto F; stop;   fileinto :copy F;     F as a path of a Maildir becomes the name of the folder
 *   to "!a"; cc "!a"     redirect            to "|program"         cannot be
 *   if / elsif / else    the same            &&, ||, !             allof, anyof, not
 *   /^Field: text/       header :contains or :regex                /text/:b  body
 *   $SIZE, hasaddr()     size, address       VAR=, $VAR            set, ${VAR}
 *   $FROM, $RECIPIENT    envelope            $MATCH1               ${1}
 *   FLAGS=               setflag             `reformail -D …`      duplicate
 *   exception { }        what is in it: a delivery here does not fail half way
 */
import type { Statement, Test, Value } from './parse.ts';
import { parseMaildrop } from './parse.ts';
import { patternTest } from './patterns.ts';
import { destinationOf } from './destinations.ts';
import { Variables } from './variables.ts';

export interface ConvertProblem {
  readonly line: number;
  readonly message: string;
}

export interface Converted {
  /** Right as it stands: what cannot be is left out of it. */
  readonly script: string;
  readonly problems: readonly ConvertProblem[];
}

export function convertMaildrop(source: string): Converted {
  return new Converter().convert(parseMaildrop(source));
}

/** A Sieve string. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** Statements that do nothing to the message. */
const HARMLESS = new Set(['log', 'logfile', 'echo', 'dotlock', 'flock', 'import']);
/** Variables that mean something to maildrop alone. */
const ITS_OWN = new Set(['DEFAULT', 'MAILDIR', 'HOME', 'VERBOSE', 'SHELL', 'PATH', 'LOCKEXT', 'LOCKSLEEP', 'LOCKTIMEOUT', 'LOCKREFRESH', 'UMASK', 'SENDMAIL', 'DELIVERYSTATUSNOTIFICATION', 'EXITCODE']);

class Converter {
  readonly #required = new Set<string>();
  readonly #problems: ConvertProblem[] = [];
  readonly #lines: string[] = [];
  readonly #variables = new Variables();
  /** Of paths, by the variables that name them. */
  readonly #paths = new Map<string, string>();
  #exitCode = '';
  /** `reformail -D` was asked: its answer is that of `duplicate`. */
  #asksForDuplicates = false;

  convert(statements: readonly Statement[]): Converted {
    this.#block(statements, '');
    const prelude = this.#variables.prelude();
    for (const extension of prelude.extensions) this.#require(extension);
    const required = [...this.#required].sort();
    const head = required.length === 0 ? [] : [`require [${required.map(quoted).join(', ')}];`, ''];
    return { script: `${[...head, ...prelude.lines, ...this.#lines].join('\n')}\n`, problems: this.#problems };
  }

  #require(extension: string): void {
    this.#required.add(extension);
  }

  #problem(line: number, message: string, indent: string): void {
    this.#problems.push({ line, message });
    this.#lines.push(`${indent}# line ${line}: ${message.replace(/\s+/g, ' ')}`);
  }

  #block(statements: readonly Statement[], indent: string): void {
    for (const statement of statements) this.#statement(statement, indent);
  }

  #statement(statement: Statement, indent: string): void {
    switch (statement.kind) {
      case 'to':
      case 'cc':
        return this.#deliver(statement, indent);
      case 'include':
        return this.#include(statement, indent);
      case 'if':
        return this.#if(statement, indent);
      case 'set':
        return this.#set(statement, indent);
      case 'exception':
        return this.#block(statement.body, indent);
      case 'exit':
        // maildrop ends without a delivery; with EXITCODE 0 the message is gone (maildropex(7)).
        if (!['', '0'].includes(this.#exitCode)) return this.#problem(statement.line, `exit with EXITCODE=${this.#exitCode} sends the message back; use reject in Sieve`, indent);
        return void this.#lines.push(`${indent}discard;`, `${indent}stop;`);
      case 'other':
        return this.#other(statement, indent);
    }
  }

  #other({ word, text, line }: Extract<Statement, { kind: 'other' }>, indent: string): void {
    if (HARMLESS.has(word)) return void this.#lines.push(`${indent}# line ${line}: ${word} is left out; posthorn trace tells what happened to a message`);
    if (word === 'xfilter') return this.#problem(line, `xfilter runs a program over the message (${text}); Sieve cannot`, indent);
    if (word === 'foreach' || word === 'while') return this.#problem(line, `${word} has no counterpart in Sieve`, indent);
    if (/^`\S*reformail\s+-D\s/.test(text)) {
      this.#asksForDuplicates = true;
      return void this.#lines.push(`${indent}# line ${line}: “duplicate” knows the messages of the last days by itself`);
    }
    if (text.includes('`')) this.#asksForDuplicates = false;
    const what = word === '' ? text : `${word} ${text}`.trim();
    this.#problem(line, what.startsWith('`') || text.includes('`') ? `a program cannot be run: ${what}` : `not understood: ${what.slice(0, 200)}`, indent);
  }

  #deliver({ kind, value, line }: Extract<Statement, { kind: 'to' | 'cc' }>, indent: string): void {
    const copy = kind === 'cc';
    const target = value.kind === 'text' ? destinationOf(this.#withPaths(value.text)) : undefined;
    const strange = value.kind === 'text' ? this.#strange(this.#withPaths(value.text), target) : [];
    if (!target || target.kind === 'unknown') return this.#problem(line, `${kind} ${value.text}: this destination cannot be worked out`, indent);
    if (target.kind === 'program') return this.#problem(line, `${kind} "| ${target.text}": mail cannot be given to a program; a folder, an address, or a route of the server can take it`, indent);
    if (strange.length > 0) return this.#problem(line, `${kind} ${value.text}: ${strange.join(', ')} is not known here`, indent);
    const suffix = copy ? [] : [`${indent}stop;`];
    const tag = copy ? ':copy ' : '';
    if (copy && target.kind !== 'nowhere') this.#require('copy');
    switch (target.kind) {
      case 'nowhere':
        return copy ? undefined : void this.#lines.push(`${indent}discard;`, ...suffix);
      case 'inbox':
        // A copy in the inbox beside what comes after it.
        if (copy) this.#require('fileinto');
        return void this.#lines.push(copy ? `${indent}fileinto :copy "INBOX";` : `${indent}keep;`, ...suffix);
      case 'folder':
        this.#require('fileinto');
        return void this.#lines.push(`${indent}fileinto ${tag}${this.#string(target.name)};`, ...suffix);
      case 'addresses':
        for (const address of target.addresses) this.#lines.push(`${indent}redirect ${tag}${this.#string(address)};`);
        this.#lines.push(...suffix);
    }
  }

  #include({ value, line }: Extract<Statement, { kind: 'include' }>, indent: string): void {
    const name = value.text.split('/').at(-1)?.replace(/^\./, '') ?? '';
    if (value.kind !== 'text' || name === '' || name.includes('$')) return this.#problem(line, `include ${value.text}: which file it is cannot be worked out`, indent);
    this.#require('include');
    this.#lines.push(`${indent}include :personal :optional ${quoted(name)};`);
    this.#problem(line, `convert ${value.text}, too, and store it as the script ${quoted(name)}`, indent);
  }

  #if({ branches, otherwise }: Extract<Statement, { kind: 'if' }>, indent: string): void {
    const inner = `${indent}    `;
    for (const [at, { test, body }] of branches.entries()) {
      const text = this.#test(test, indent);
      this.#lines.push(`${at === 0 ? `${indent}if` : `${indent}elsif`} ${text} {`);
      this.#block(body, inner);
      this.#lines.push(`${indent}}`);
    }
    if (!otherwise) return;
    this.#lines.push(`${indent}else {`);
    this.#block(otherwise, inner);
    this.#lines.push(`${indent}}`);
  }

  #set({ name, value, line }: Extract<Statement, { kind: 'set' }>, indent: string): void {
    if (value.kind === 'command') return this.#problem(line, `${name}= takes the output of a program, which cannot be run`, indent);
    if (name === 'EXITCODE') this.#exitCode = value.text;
    if (ITS_OWN.has(name)) return void this.#paths.set(name, this.#withPaths(value.text));
    if (name === 'FLAGS') return this.#flags(value, indent);
    if (value.kind === 'expression') return this.#problem(line, `${name}= is calculated; Sieve has no arithmetic`, indent);
    this.#require('variables');
    const text = this.#string(value.text);
    const { strange } = this.#variables.expand(value.text);
    if (strange.length > 0) this.#problem(line, `${name}=${value.text}: ${strange.join(', ')} is not known here`, indent);
    this.#variables.define(name);
    if (value.letters === undefined) this.#paths.set(name, value.text);
    this.#lines.push(`${indent}set ${value.letters === undefined ? '' : `:${value.letters} `}${quoted(name)} ${text};`);
  }

  /** Flags of the file in the Maildir. */
  #flags({ text }: Value, indent: string): void {
    const flags = [...text].map((letter) => MAILDIR_FLAGS[letter]).filter((flag) => flag !== undefined);
    this.#require('imap4flags');
    this.#lines.push(`${indent}setflag [${flags.map(quoted).join(', ')}];`);
  }

  /** Variables of a destination that are not known; a path above the folder does not matter. */
  #strange(text: string, target: ReturnType<typeof destinationOf> | undefined): readonly string[] {
    const named = target?.kind === 'folder' ? target.name : target?.kind === 'addresses' ? text : '';
    return this.#variables.expand(named).strange;
  }

  /** Never fails: what cannot be tested is false, and named. */
  #test(test: Test, indent: string): string {
    switch (test.kind) {
      case 'and':
      case 'or':
        return `${test.kind === 'and' ? 'allof' : 'anyof'} (${test.parts.map((part) => this.#test(part, indent)).join(', ')})`;
      case 'not':
        return `not ${this.#test(test.test, indent)}`;
      case 'pattern':
        return this.#pattern(test, indent);
      case 'hasaddr':
        return `address :is ["to", "cc", "resent-to", "resent-cc"] ${this.#string(test.value.text)}`;
      case 'compare':
        return this.#compare(test, indent);
      case 'unknown':
        return this.#cannot(test.line, test.what === 'scoring' ? 'scoring by the number of matches has no counterpart in Sieve' : `${test.what} has no counterpart in Sieve`, indent);
    }
  }

  #cannot(line: number, message: string, indent: string): string {
    this.#problem(line, `${message}; the test is false`, indent);
    return 'false';
  }

  #pattern({ text, flags, subject, line }: Extract<Test, { kind: 'pattern' }>, indent: string): string {
    if (/[,]/.test(flags)) return this.#cannot(line, 'scoring by the number of matches has no counterpart in Sieve', indent);
    if (subject && subject.kind !== 'text') return this.#cannot(line, 'a program cannot be run', indent);
    const made = patternTest(text, flags, subject && this.#string(subject.text));
    if (made.kind === 'impossible') return this.#cannot(line, made.why, indent);
    for (const extension of made.extensions) this.#require(extension);
    if (subject) this.#require('variables');
    if (made.note !== undefined) this.#problem(line, made.note, indent);
    this.#variables.matched(made.groupShift);
    return made.test;
  }

  #compare({ left, operator, right, line }: Extract<Test, { kind: 'compare' }>, indent: string): string {
    if (left.kind !== 'text' || right.kind !== 'text') return this.#cannot(line, 'a program cannot be run', indent);
    const size = sizeTest(left, operator, right);
    if (size !== undefined) return size;
    if (this.#asksForDuplicates && /^\$\{?RETURNCODE\}?$/.test(left.text) && right.text === '0' && (operator === '==' || operator === '!=')) {
      this.#require('duplicate');
      return operator === '==' ? 'duplicate' : 'not duplicate';
    }
    const strange = [left, right].flatMap(({ text }) => this.#variables.expand(text).strange);
    if (strange.length > 0) return this.#cannot(line, `${strange.join(', ')} is not known here`, indent);
    const [a, b] = [this.#string(left.text), this.#string(right.text)];
    if (/\$\w/.test(left.text) || /\$\w/.test(right.text)) this.#require('variables');
    else return this.#cannot(line, 'this comparison', indent);
    if (operator === 'eq') return `string :is ${a} ${b}`;
    if (operator === 'ne') return `not string :is ${a} ${b}`;
    const relation = RELATIONS[operator];
    if (relation === undefined) return this.#cannot(line, `the comparison ${operator}`, indent);
    this.#require('relational');
    const isNumber = !/^[a-z]/.test(operator);
    if (isNumber) this.#require('comparator-i;ascii-numeric');
    return `string :value "${relation}"${isNumber ? ' :comparator "i;ascii-numeric"' : ''} ${a} ${b}`;
  }

  /** Paths that variables stand for are written out, because they name folders. */
  #withPaths(text: string): string {
    return text.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => {
      const known = this.#paths.get(name);
      return known !== undefined && (ITS_OWN.has(name) || /[/.]/.test(known)) ? known : whole;
    });
  }

  #string(text: string): string {
    const expanded = this.#variables.expand(text);
    if (expanded.isExpanded) this.#require('variables');
    return quoted(expanded.text);
  }
}

/** Letters of Maildir's `:2,` (maildropfilter(7), FLAGS). */
const MAILDIR_FLAGS: Readonly<Record<string, string>> = { D: '\\Draft', F: '\\Flagged', R: '\\Answered', S: '\\Seen', T: '\\Deleted' };

const RELATIONS: Readonly<Record<string, string>> = { '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge', '==': 'eq', '!=': 'ne', lt: 'lt', le: 'le', gt: 'gt', ge: 'ge' };

function sizeTest(left: Value, operator: string, right: Value): string | undefined {
  const bytes = Number(right.text);
  if (!/^\$\{?SIZE\}?$/.test(left.text) || !Number.isSafeInteger(bytes) || bytes < 0) return undefined;
  switch (operator) {
    case '>':
      return `size :over ${bytes}`;
    case '>=':
      return `not size :under ${bytes}`;
    case '<':
      return `size :under ${bytes}`;
    case '<=':
      return `not size :over ${bytes}`;
    case '==':
      return `allof (not size :over ${bytes}, not size :under ${bytes})`;
    default:
      return undefined;
  }
}
