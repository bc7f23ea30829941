/** Values against keys, as the tests of RFC 5228 §2.7 and RFC 5231 do it. */
import type { MaybeLater } from '../environment.ts';
import type { MatchRule, Relation } from '../program.ts';
import { SieveFailure, type Meter } from '../run/meter.ts';
import { equal, fold, order } from './comparator.ts';
import { compileRegex, type RegexProgram } from './regex-program.ts';
import { matchRegex } from './regex-matcher.ts';
import { matchWildcard } from './wildcard.ts';

/** What comparing costs besides looking at the characters, in characters; and making cases alike, for each of them. */
const PAIR_CHARACTERS = 150;
const FOLDING = 5;

/** Keeps regexes of one run, which loops and lists use again. */
export type RegexCache = Map<string, RegexProgram>;

export interface MatchContext {
  readonly meter: Meter;
  readonly regexes: RegexCache;
  /** Told of the match values of a successful :matches or :regex (RFC 5229 §3.2). */
  matched(values: readonly string[]): void;
}

/** True when any value matches any key; values in order, each against the keys in order. */
export async function matchAny(rule: MatchRule, values: readonly string[], keys: readonly string[], context: MatchContext): Promise<boolean> {
  if (rule.type === 'count') return matchCount(rule, values.length, keys);
  const { meter } = context;
  for (const value of values) {
    meter.read(value.length * FOLDING);
    const folded = rule.type === 'contains' ? fold(rule.comparator, value) : value;
    for (const key of keys) {
      meter.read(PAIR_CHARACTERS + key.length + value.length);
      if (meter.isDue) await meter.pause();
      if (await matchOne(rule, value, folded, key, context)) return true;
    }
  }
  return false;
}

/** RFC 5231 §4.2. */
export function matchCount(rule: MatchRule, count: number, keys: readonly string[]): boolean {
  return keys.some((key) => holds(rule.relation, order(rule.comparator, String(count), key)));
}

function matchOne(rule: MatchRule, value: string, folded: string, key: string, context: MatchContext): MaybeLater<boolean> {
  switch (rule.type) {
    case 'is':
      return equal(rule.comparator, value, key);
    case 'contains':
      return folded.includes(fold(rule.comparator, key));
    case 'value':
      return holds(rule.relation, order(rule.comparator, value, key));
    case 'matches':
      return noted(matchWildcard(key, value, rule.comparator, context.meter), context);
    case 'regex':
      return noted(matchRegex(regexFor(key, context), value, rule.comparator, context.meter), context);
    default:
      return false;
  }
}

async function noted(matching: Promise<readonly string[] | undefined>, context: MatchContext): Promise<boolean> {
  const values = await matching;
  if (values) context.matched(values);
  return values !== undefined;
}

function regexFor(source: string, context: MatchContext): RegexProgram {
  const known = context.regexes.get(source);
  if (known) return known;
  const compiled = compileRegex(source);
  if (!compiled.ok) throw new SieveFailure(`the regular expression “${source}” is wrong: ${compiled.problem}`);
  context.meter.spend(compiled.program.instructions.length);
  context.regexes.set(source, compiled.program);
  return compiled.program;
}

function holds(relation: Relation, ordering: number): boolean {
  switch (relation) {
    case 'gt':
      return ordering > 0;
    case 'ge':
      return ordering >= 0;
    case 'lt':
      return ordering < 0;
    case 'le':
      return ordering <= 0;
    case 'eq':
      return ordering === 0;
    case 'ne':
      return ordering !== 0;
  }
}
