/**
 * Runs a regex over a text without ever going back: all states are followed at once, one character at a time (Thompson,
 * Pike). Time is at most states × characters, and metered. The match is the leftmost, of those the longest; among equal
 * ones earlier groups take as much as they can (IEEE 1003.1 §9.1).
 */
import type { Comparator } from '../program.ts';
import type { Meter } from '../run/meter.ts';
import { foldPoint } from './comparator.ts';
import { fromPoints, toPoints } from './points.ts';
import type { Assertion } from './regex-syntax.ts';
import type { Instruction, RegexProgram } from './regex-program.ts';

/** Start and end of each group; -1 for those that took no part. Slot 0 is where the match starts. */
type Slots = Int32Array;

interface States {
  readonly slots: (Slots | undefined)[];
  /** Those in use, in order of preference. */
  order: number[];
}

/** The match values: the whole match and each group (empty when it took no part); undefined when there is no match. */
export async function matchRegex(program: RegexProgram, text: string, comparator: Comparator, meter: Meter): Promise<string[] | undefined> {
  const points = toPoints(text);
  const matcher = new Matcher(program, points, comparator, meter);
  while (!matcher.advance()) await meter.pause();
  const { best } = matcher;
  if (!best) return undefined;
  const values: string[] = [];
  for (let group = 0; group < program.groups; group += 1) {
    const start = best[group * 2] as number;
    const end = best[group * 2 + 1] as number;
    values.push(start < 0 || end < start ? '' : fromPoints(points.subarray(start, end)));
  }
  return values;
}

class Matcher {
  readonly #code: readonly Instruction[];
  readonly #points: Int32Array;
  readonly #comparator: Comparator;
  readonly #meter: Meter;
  readonly #slotCount: number;
  #at = 0;
  #now: States = { slots: [], order: [] };
  #next: States = { slots: [], order: [] };
  #best: Slots | undefined;

  constructor(program: RegexProgram, points: Int32Array, comparator: Comparator, meter: Meter) {
    this.#code = program.instructions;
    this.#points = points;
    this.#comparator = comparator;
    this.#meter = meter;
    this.#slotCount = program.groups * 2;
  }

  get best(): Slots | undefined {
    return this.#best;
  }

  /** False: a pause is due, and it goes on with the next call. */
  advance(): boolean {
    for (; this.#at <= this.#points.length; this.#at += 1) {
      if (this.#meter.isDue) return false;
      const at = this.#at;
      const now = this.#now;
      if (!this.#best) this.#enter(now, 0, new Int32Array(this.#slotCount).fill(-1).fill(at, 0, 1), at);
      else if (now.order.length === 0) break;
      this.#meter.spend(0.1 + now.order.length);
      this.#step(now, this.#next, at);
      for (const state of now.order) now.slots[state] = undefined;
      now.order = [];
      [this.#now, this.#next] = [this.#next, now];
    }
    return true;
  }

  #step(now: States, next: States, at: number): void {
    const point = this.#points[at];
    for (const state of now.order) {
      const slots = now.slots[state] as Slots;
      if (this.#best && (slots[0] as number) > (this.#best[0] as number)) continue;
      const instruction = this.#code[state] as Instruction;
      if (instruction.op === 'match') this.#finish(slots, at);
      else if (point !== undefined && this.#takes(instruction, point)) this.#enter(next, state + 1, slots, at + 1);
    }
  }

  /** Leftmost first, then longest: a later end always comes with a later step. */
  #finish(slots: Slots, at: number): void {
    this.#best = slots.slice();
    this.#best[1] = at;
  }

  #takes(instruction: Instruction, point: number): boolean {
    if (instruction.op === 'any') return true;
    if (instruction.op === 'point') return instruction.point === point || foldPoint(this.#comparator, instruction.point) === foldPoint(this.#comparator, point);
    if (instruction.op !== 'set') return false;
    const { negated, ranges } = instruction.set;
    const has = (wanted: number): boolean => ranges.some(([from, to]) => wanted >= from && wanted <= to);
    if (has(point)) return !negated;
    if (this.#comparator === 'i;octet') return negated;
    return otherCases(point, this.#comparator).some(has) !== negated;
  }

  /** Follows what takes no character; a state that is reached again counts only when its groups are better now. */
  #enter(states: States, entry: number, entrySlots: Slots, at: number): void {
    const open: [number, Slots][] = [[entry, entrySlots]];
    for (let item = open.pop(); item; item = open.pop()) {
      const [state, slots] = item;
      const known = states.slots[state];
      this.#meter.spend(0.2);
      if (known && !isBetter(slots, known)) continue;
      if (!known) states.order.push(state);
      states.slots[state] = slots;
      const instruction = this.#code[state] as Instruction;
      if (instruction.op === 'jump') open.push([instruction.to, slots]);
      else if (instruction.op === 'split') open.push([instruction.second, slots], [instruction.first, slots]);
      else if (instruction.op === 'save') {
        const saved = slots.slice();
        saved[instruction.slot] = at;
        open.push([state + 1, saved]);
      } else if (instruction.op === 'assert' && this.#holds(instruction.what, at)) open.push([state + 1, slots]);
    }
  }

  #holds(what: Assertion, at: number): boolean {
    if (what === 'start') return at === 0;
    if (what === 'end') return at === this.#points.length;
    const before = isWord(this.#points[at - 1]);
    const behind = isWord(this.#points[at]);
    if (what === 'word-start') return !before && behind;
    if (what === 'word-end') return before && !behind;
    return (before !== behind) === (what === 'boundary');
  }
}

function isWord(point: number | undefined): boolean {
  if (point === undefined) return false;
  return (point >= 48 && point <= 57) || (point >= 65 && point <= 90) || point === 95 || (point >= 97 && point <= 122);
}

function otherCases(point: number, comparator: Comparator): number[] {
  if (point < 128) return point >= 97 && point <= 122 ? [point - 32] : point >= 65 && point <= 90 ? [point + 32] : [];
  if (comparator !== 'i;unicode-casemap') return [];
  const character = String.fromCodePoint(point);
  return [character.toUpperCase(), character.toLowerCase()].map((other) => other.codePointAt(0) as number);
}

/** Earlier start of the whole; then, group by group, an earlier start and a later end. Not taking part is worst. */
function isBetter(a: Slots, b: Slots): boolean {
  for (let slot = 0; slot < a.length; slot += 1) {
    const x = a[slot] as number;
    const y = b[slot] as number;
    if (x === y) continue;
    if (x < 0 || y < 0) return y < 0;
    return slot % 2 === 0 ? x < y : x > y;
  }
  return false;
}
