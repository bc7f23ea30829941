/**
 * One rule by which a site counts: guesses of its window (window-guess.ts) that are told apart by what is refused because
 * of it, and their growth. A site may have several, forty an hour and two hundred a day, and what one of them refuses
 * says nothing about another. Pure.
 *
 * Policy: while it is used the figure grows, more seldom each time that it was too much; when more is taken than before
 * it grew, by more and at once.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import { QUOTA_LIMITS } from '../../base/quota-limits.ts';
import type { TakenMeter } from './taken-meter.ts';
import { afterOneMore, believed, firstGuesses, grownBy, isNear, isRefuted, likely, refusedFrom, stillRefused, takenAgain, usedShare, type Guess } from './window-guess.ts';
import { countIn, opensAt, startOf } from './windows.ts';

/** Of the figure: from here on it counts as used, beside what is kept from bulk mail. */
const USED_SHARE = 0.7;
const GAIN = 1.05;
const MINUTE_MS = 60_000;
/** No guess that had been believed can explain a refusal. */
const UNEXPLAINED_MISSES = 1;

export interface WindowRule {
  readonly guesses: readonly Guess[];
  /** Of the latest refusal because of it, milliseconds since 1970. */
  readonly since: number;
  /** When the figure last grew, by which share, and how often it was too much. */
  readonly grownAt: number;
  readonly growth: number;
  readonly fails: number;
}

/** Of mail that is let go. */
export interface Asked {
  readonly now: number;
  readonly taken: TakenMeter;
  readonly inFlight: number;
  readonly bulk: boolean;
}

/** Everything was refused from `at` on. undefined: too little was taken before to learn from. */
export function newRule(at: number, now: number, taken: TakenMeter): WindowRule | undefined {
  const guesses = firstGuesses(at, now, taken);
  return guesses.length > 0 ? { guesses, since: now, grownAt: 0, growth: QUOTA_LIMITS.growth, fails: 0 } : undefined;
}

/** It has proved right: refused again at about its figure. */
export function isProven({ guesses }: WindowRule): boolean {
  return believed(guesses).some(({ hits }) => hits > 0);
}

/** Everything was refused from `at` on, because of this rule. undefined: it is none. */
export function refusedBy(rule: WindowRule, at: number, now: number, taken: TakenMeter): WindowRule | undefined {
  const guesses = refusedFrom(rule.guesses, at, now, taken);
  if (isRefuted(guesses)) return undefined;
  const fails = hasGained(rule, guesses) ? 0 : Math.min(rule.fails + (rule.grownAt > rule.since ? 1 : 0), QUOTA_LIMITS.patienceDoublings);
  return { guesses: likely(guesses), since: now, grownAt: rule.grownAt, growth: QUOTA_LIMITS.growth, fails };
}

/** A probe was refused. undefined: this rule, which was right before, cannot be the reason. */
export function stillRefusedBy(rule: WindowRule, now: number, taken: TakenMeter): WindowRule | undefined {
  const guesses = stillRefused(rule.guesses, now, taken);
  if (isProven(rule) && fewestMisses(guesses) >= fewestMisses(rule.guesses) + UNEXPLAINED_MISSES) return undefined;
  return { ...rule, guesses: likely(guesses) };
}

/** A message was taken; `probed`: it was a probe of this rule. undefined: it is none. */
export function takenUnder(rule: WindowRule, now: number, taken: TakenMeter, probed: boolean): WindowRule | undefined {
  const guesses = afterOneMore(probed ? takenAgain(rule.guesses, now, taken) : rule.guesses, now, taken);
  return isRefuted(guesses) ? undefined : { ...rule, guesses };
}

/** It took more than before the figure last grew. */
function hasGained({ guesses, growth, grownAt, since }: WindowRule, now: readonly Guess[]): boolean {
  const [best] = believed(now);
  const before = guesses.find(({ lengthMs, phaseMs }) => lengthMs === best?.lengthMs && phaseMs === best.phaseMs);
  return grownAt > since && best !== undefined && before !== undefined && best.took > (before.figure / (1 + growth)) * GAIN;
}

function fewestMisses(guesses: readonly Guess[]): number {
  return Math.min(...guesses.map(({ misses }) => misses));
}

/** What was taken until `at` is about what it bears. */
export function isFull({ guesses }: WindowRule, at: number, now: number, taken: TakenMeter): boolean {
  return isNear(believed(guesses), at, now, taken);
}

/** How well it explains that everything was refused from `at` on: what was taken, of what it bears; 0: not at all. */
export function explains({ guesses }: WindowRule, at: number, now: number, taken: TakenMeter): number {
  return Math.max(0, ...believed(guesses).map((guess) => usedShare(guess, at, now, taken)));
}

export function grown(rule: WindowRule, now: number, taken: TakenMeter): WindowRule {
  const { guesses, since, grownAt, growth, fails } = rule;
  const used = believed(guesses).filter((guess) => countIn(guess, now, taken) >= guess.figure * USED_SHARE);
  if (used.length === 0) return rule;
  const wentWell = grownAt > since && used.some(({ took, figure }) => took > (figure / (1 + growth)) * GAIN);
  const calm = Math.min(QUOTA_LIMITS.patienceMaxMs, QUOTA_LIMITS.patienceWindows * Math.max(...used.map(({ lengthMs }) => lengthMs)));
  const patienceMs = Math.min(QUOTA_LIMITS.patienceMaxMs, Math.max(QUOTA_LIMITS.patienceMinMs, calm) * 2 ** fails);
  if (!wentWell && now - Math.max(since, grownAt) < patienceMs) return rule;
  const share = wentWell ? Math.min(QUOTA_LIMITS.growthMax, growth * 2) : QUOTA_LIMITS.growth;
  return { ...rule, guesses: grownBy(guesses, share), grownAt: now, growth: share, fails: wentWell ? 0 : fails };
}

/** When a message may go as far as this rule is concerned, as `roomAt` of all of them. */
export function roomUnder(rule: WindowRule, { now, taken, inFlight, bulk }: Asked): number | undefined {
  const all = believed(rule.guesses);
  const full = all.filter((guess) => countIn(guess, now, taken) + inFlight >= limitOf(guess, now, bulk));
  // Beyond what it was seen to take, one at a time.
  if (full.length === 0) return inFlight === 0 || all.every((guess) => countIn(guess, now, taken) + inFlight < guess.took) ? now : undefined;
  if (!isProven(rule)) return inFlight === 0 ? now : undefined;
  const at = middle(all.map((guess) => openingOf(guess, now, taken, bulk)));
  if (at > now) return at;
  return inFlight === 0 ? now : undefined;
}

/** When it has room again, as it seems; `now`: it should have. */
export function openingUnder({ guesses }: WindowRule, now: number, taken: TakenMeter): number {
  const openings = believed(guesses).map((guess) => opensAt(guess, now, taken, guess.took)).filter((opening) => opening > now);
  return openings.length > 0 ? middle(openings) : now;
}

/** How often the surest of its guesses was right. */
export function hitsOf({ guesses }: WindowRule): number {
  return Math.max(...believed(guesses).map(({ hits }) => hits));
}

/** The guess that is told of. */
export function surestOf({ guesses }: WindowRule): Guess {
  return believed(guesses)[0] as Guess;
}

/** Half of the guesses say that there is room by then. */
function middle(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[(times.length - 1) >> 1] as number;
}

function limitOf(guess: Guess, now: number, bulk: boolean): number {
  return Math.max(1, guess.figure - (bulk ? reserveOf(guess, now) : 0));
}

/** Kept for letters: of a window that ends, the less the less is left of it. */
function reserveOf(guess: Guess, now: number): number {
  const left = guess.phaseMs === undefined ? 0.5 : (startOf(guess, now) + guess.lengthMs - now) / guess.lengthMs;
  return Math.ceil(guess.figure * SHAPE_LIMITS.reserveShare * left);
}

function openingOf(guess: Guess, now: number, taken: TakenMeter, bulk: boolean): number {
  const at = opensAt(guess, now, taken, limitOf(guess, now, bulk));
  if (!bulk || guess.phaseMs === undefined || at <= now) return at;
  // The reserve shrinks as the window ends.
  const spare = Math.max(0, guess.figure - countIn(guess, now, taken) - 1);
  return Math.max(now + MINUTE_MS, at - Math.floor(Math.min(1, spare / (guess.figure * SHAPE_LIMITS.reserveShare)) * guess.lengthMs));
}
