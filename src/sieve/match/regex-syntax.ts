/**
 * POSIX extended regular expressions (draft-ietf-sieve-regex, IEEE 1003.1 §9.4) as a tree, with the usual escapes `\w`,
 * `\W`, `\s`, `\S`, `\b`, `\B`, `\<` and `\>` besides. Back references are refused: no bounded time is known for them.
 */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { toPoints } from './points.ts';

export type RegexNode =
  | { readonly kind: 'point'; readonly point: number }
  | { readonly kind: 'any' }
  | { readonly kind: 'set'; readonly set: PointSet }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'group'; readonly number: number; readonly inner: RegexNode }
  | { readonly kind: 'repeat'; readonly inner: RegexNode; readonly min: number; readonly max: number }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly items: readonly RegexNode[] };

export type Assertion = 'start' | 'end' | 'word-start' | 'word-end' | 'boundary' | 'no-boundary';

export interface PointSet {
  readonly negated: boolean;
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

export type ParsedRegex = { readonly ok: true; readonly root: RegexNode; readonly groups: number } | { readonly ok: false; readonly problem: string };

class RegexProblem extends Error {}

export function parseRegex(source: string): ParsedRegex {
  try {
    const parser = new RegexParser(source);
    return { ok: true, root: parser.whole(), groups: parser.groups };
  } catch (error) {
    if (error instanceof RegexProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

type Ranges = readonly (readonly [number, number])[];

const WORD: Ranges = [[48, 57], [65, 90], [95, 95], [97, 122]];
const SPACE: Ranges = [[9, 13], [32, 32]];
/** ASCII, and above it what has case as letters: comparing by code point needs no locale. */
const CLASSES: Readonly<Record<string, Ranges>> = {
  alnum: [[48, 57], [65, 90], [97, 122]],
  alpha: [[65, 90], [97, 122]],
  blank: [[9, 9], [32, 32]],
  cntrl: [[0, 31], [127, 127]],
  digit: [[48, 57]],
  graph: [[33, 126]],
  lower: [[97, 122]],
  print: [[32, 126]],
  punct: [[33, 47], [58, 64], [91, 96], [123, 126]],
  space: SPACE,
  upper: [[65, 90]],
  xdigit: [[48, 57], [65, 70], [97, 102]],
};

class RegexParser {
  readonly #points: Int32Array;
  #at = 0;
  #depth = 0;
  groups = 0;

  constructor(source: string) {
    this.#points = toPoints(source);
  }

  whole(): RegexNode {
    const node = this.#choice();
    if (this.#at < this.#points.length) throw new RegexProblem('“)” closes nothing');
    return node;
  }

  #choice(): RegexNode {
    const items = [this.#sequence()];
    while (this.#skip('|')) items.push(this.#sequence());
    return items.length === 1 ? (items[0] as RegexNode) : { kind: 'choice', items };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    while (this.#at < this.#points.length && !this.#sees('|') && !this.#sees(')')) items.push(this.#repeated());
    return items.length === 1 ? (items[0] as RegexNode) : { kind: 'sequence', items };
  }

  #repeated(): RegexNode {
    if (this.#sees('*') || this.#sees('+') || this.#sees('?') || this.#seesBounds()) throw new RegexProblem('nothing stands before a repetition');
    let node = this.#atom();
    for (let times = 0; ; times += 1) {
      if (times > SIEVE_LIMITS.regexNestingMax) throw new RegexProblem('too many repetitions behind one another');
      if (this.#skip('*')) node = { kind: 'repeat', inner: node, min: 0, max: Infinity };
      else if (this.#skip('+')) node = { kind: 'repeat', inner: node, min: 1, max: Infinity };
      else if (this.#skip('?')) node = { kind: 'repeat', inner: node, min: 0, max: 1 };
      else if (this.#seesBounds()) node = { kind: 'repeat', inner: node, ...this.#bounds() };
      else return node;
    }
  }

  /** A `{` that no digit follows is a character. */
  #seesBounds(): boolean {
    const next = this.#points[this.#at + 1] ?? 0;
    return this.#sees('{') && next >= 48 && next <= 57;
  }

  #bounds(): { min: number; max: number } {
    this.#at += 1;
    const min = this.#integer() ?? 0;
    const max = this.#skip(',') ? (this.#integer() ?? Infinity) : min;
    if (!this.#skip('}')) throw new RegexProblem('a “}” is missing behind a repetition');
    const largest = max === Infinity ? min : max;
    if (min > max || largest > SIEVE_LIMITS.regexRepeatMax) throw new RegexProblem('the bounds of a repetition are wrong');
    return { min, max };
  }

  #integer(): number | undefined {
    let value: number | undefined;
    for (; ; this.#at += 1) {
      const digit = (this.#points[this.#at] ?? 0) - 48;
      if (digit < 0 || digit > 9) return value;
      value = Math.min((value ?? 0) * 10 + digit, 1e6);
    }
  }

  #atom(): RegexNode {
    if (this.#skip('.')) return { kind: 'any' };
    if (this.#skip('^')) return { kind: 'assert', what: 'start' };
    if (this.#skip('$')) return { kind: 'assert', what: 'end' };
    if (this.#skip('(')) return this.#group();
    if (this.#skip('[')) return { kind: 'set', set: this.#set() };
    if (this.#skip('\\')) return this.#escape();
    return { kind: 'point', point: this.#points[this.#at++] as number };
  }

  #group(): RegexNode {
    this.groups += 1;
    const number = this.groups;
    this.#depth += 1;
    if (this.#depth > SIEVE_LIMITS.regexNestingMax) throw new RegexProblem('parentheses are nested too deep');
    const inner = this.#choice();
    this.#depth -= 1;
    if (!this.#skip(')')) throw new RegexProblem('a “)” is missing');
    return { kind: 'group', number, inner };
  }

  #escape(): RegexNode {
    const point = this.#points[this.#at++];
    if (point === undefined) throw new RegexProblem('nothing follows the “\\” at the end');
    const character = String.fromCodePoint(point);
    if (character >= '1' && character <= '9') throw new RegexProblem('back references are not supported');
    switch (character) {
      case 'w': return { kind: 'set', set: { negated: false, ranges: WORD } };
      case 'W': return { kind: 'set', set: { negated: true, ranges: WORD } };
      case 's': return { kind: 'set', set: { negated: false, ranges: SPACE } };
      case 'S': return { kind: 'set', set: { negated: true, ranges: SPACE } };
      case 'b': return { kind: 'assert', what: 'boundary' };
      case 'B': return { kind: 'assert', what: 'no-boundary' };
      case '<': return { kind: 'assert', what: 'word-start' };
      case '>': return { kind: 'assert', what: 'word-end' };
      default: return { kind: 'point', point };
    }
  }

  /** A `]` in front is a member; the backslash is one like any other. */
  #set(): PointSet {
    const negated = this.#skip('^');
    const ranges: (readonly [number, number])[] = [];
    for (let isFirst = true; isFirst || !this.#skip(']'); isFirst = false) {
      if (this.#at >= this.#points.length) throw new RegexProblem('a “]” is missing');
      const named = this.#named(':');
      if (named !== undefined) {
        ranges.push(...classRanges(named));
        continue;
      }
      const from = this.#member();
      const isRange = this.#sees('-') && this.#points[this.#at + 1] !== 0x5d && this.#at + 1 < this.#points.length;
      if (isRange) this.#at += 1;
      const to = isRange ? this.#member() : from;
      if (to < from) throw new RegexProblem('the end of a range comes before its start');
      ranges.push([from, to]);
    }
    return { negated, ranges };
  }

  #member(): number {
    const named = this.#named('.') ?? this.#named('=');
    if (named === undefined) return this.#points[this.#at++] as number;
    const points = toPoints(named);
    if (points.length !== 1) throw new RegexProblem(`“${named}” is no character`);
    return points[0] as number;
  }

  /** `[:alpha:]`, `[.-.]`, `[=e=]`: what stands inside. */
  #named(mark: ':' | '.' | '='): string | undefined {
    const code = mark.charCodeAt(0);
    if (!this.#sees('[') || this.#points[this.#at + 1] !== code) return undefined;
    for (let end = this.#at + 2; end + 1 < this.#points.length && end < this.#at + 40; end += 1) {
      if (this.#points[end] !== code || this.#points[end + 1] !== 0x5d) continue;
      const name = String.fromCodePoint(...this.#points.subarray(this.#at + 2, end));
      this.#at = end + 2;
      return name;
    }
    throw new RegexProblem(`“[${mark}” is not closed`);
  }

  #sees(character: string): boolean {
    return this.#points[this.#at] === character.charCodeAt(0);
  }

  #skip(character: string): boolean {
    if (!this.#sees(character)) return false;
    this.#at += 1;
    return true;
  }
}

function classRanges(name: string): Ranges {
  const ranges = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (!ranges) throw new RegexProblem(`there is no class of characters “${name}”`);
  return ranges;
}
