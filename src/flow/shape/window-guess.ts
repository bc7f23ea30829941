/**
 * Which window a site counts by, and how much it takes in one: each possible window is a guess with a figure of its own,
 * and what the site takes and refuses speaks for or against it. Pure.
 *
 * Policy: refused with room left, or taken without, is a miss; refused at about the figure again is a hit. Those with the
 * fewest misses are believed, all of them until something tells them apart. Figures follow what was shown last.
 */
import { QUOTA_LIMITS } from '../../base/quota-limits.ts';
import type { TakenMeter } from './taken-meter.ts';
import { slackOf, startOf, surelyIn, WINDOWS, type Window } from './windows.ts';

export interface Guess extends Window {
  /** Messages that the site was seen to take in such a window. */
  readonly took: number;
  /** Messages that go; more than `took` while it is tried whether there is more. */
  readonly figure: number;
  readonly hits: number;
  readonly misses: number;
}

/** As it is stored: a lane has dozens. Lengths in minutes; -1: it has no phase. */
export type StoredGuess = readonly [length: number, phase: number, took: number, figure: number, hits: number, misses: number];

const MINUTE_MS = 60_000;
/** Of the figure: refused from here on it is about the figure; beyond, or so much below it, it is another one. */
const NEAR_SHARE = 0.8;
const SAME_SHARE = 0.93;
/** Down to this share it may be less than it was, which speaks so much against it. */
const LESS_SHARE = 0.3;
const LESS_MISS = 0.5;
/** With each closure older misses count for less. */
const MISS_MEMORY = 0.8;
/** From so many on a guess that was right is given up. */
const REFUTED_MISSES = 2;
/** As good as the best, and so much worse that it is forgotten. */
const BELIEVED_WITHIN = 0.5;
const FORGOTTEN_FROM = 2;

/** The site refused everything from `at` on for the first time. */
export function firstGuesses(at: number, now: number, taken: TakenMeter): readonly Guess[] {
  return WINDOWS.map((window) => ({ ...window, ...shown(taken.since(startOf(window, at), now)), hits: 0, misses: 0 })).filter(({ took }) => took >= QUOTA_LIMITS.tookMin);
}

/** It refused everything from `at` on again, having taken what was taken. */
export function refusedFrom(guesses: readonly Guess[], at: number, now: number, taken: TakenMeter): readonly Guess[] {
  return guesses.map((guess) => {
    const used = taken.since(startOf(guess, at), now);
    const misses = guess.misses * MISS_MEMORY;
    if (used >= guess.took * SAME_SHARE) return { ...guess, ...shown(Math.min(used, guess.took)), misses, hits: guess.hits + 1 };
    if (used >= guess.took * NEAR_SHARE) return { ...guess, ...shown(used), misses: misses + LESS_MISS };
    return { ...guess, ...(used >= QUOTA_LIMITS.tookMin && shown(used)), misses: misses + 1, hits: 0 };
  });
}

/** A probe was refused. */
export function stillRefused(guesses: readonly Guess[], now: number, taken: TakenMeter): readonly Guess[] {
  return guesses.map((guess) => {
    const used = taken.since(startOf(guess, now - slackOf(guess)), now);
    if (used >= guess.took * SAME_SHARE) return guess;
    // A window that slides opens bit by bit: it may as well take less than it did.
    if (guess.phaseMs === undefined && used >= Math.max(QUOTA_LIMITS.tookMin, guess.took * LESS_SHARE)) return { ...guess, ...shown(used), misses: guess.misses + LESS_MISS };
    return { ...guess, misses: guess.misses + 1 };
  });
}

/** A probe was taken. */
export function takenAgain(guesses: readonly Guess[], now: number, taken: TakenMeter): readonly Guess[] {
  return guesses.map((guess) => (taken.since(startOf(guess, now + slackOf(guess)), now) >= guess.took ? { ...guess, misses: guess.misses + 1 } : guess));
}

/** A message was taken, after what was taken before. */
export function afterOneMore(guesses: readonly Guess[], now: number, taken: TakenMeter): readonly Guess[] {
  return guesses.map((guess) => {
    const used = surelyIn(guess, now, taken) + 1;
    if (used <= guess.took) return guess;
    if (used <= guess.figure / SAME_SHARE + 1) return { ...guess, took: used, figure: Math.max(guess.figure, used) };
    return { ...guess, ...shown(used), misses: guess.misses + 1 };
  });
}

export function grownBy(guesses: readonly Guess[], share: number): readonly Guess[] {
  return guesses.map((guess) => ({ ...guess, figure: Math.ceil(guess.figure * (1 + share)) }));
}

/** No window explains what was seen: not before it has proved right, or not any more. */
export function isRefuted(guesses: readonly Guess[]): boolean {
  return guesses.every(({ hits, misses }) => misses >= (hits === 0 ? 1 : REFUTED_MISSES));
}

/** Those that nothing speaks against, or the least; the surest first. */
export function believed(guesses: readonly Guess[]): readonly Guess[] {
  const fewest = Math.min(...guesses.map(({ misses }) => misses));
  return guesses.filter(({ misses }) => misses <= fewest + BELIEVED_WITHIN).sort((one, other) => other.hits - one.hits || one.misses - other.misses || other.lengthMs - one.lengthMs);
}

/** Without those that much speaks against, once one has proved right. */
export function likely(guesses: readonly Guess[]): readonly Guess[] {
  const fewest = Math.min(...guesses.map(({ misses }) => misses));
  return guesses.some(({ hits, misses }) => hits > 0 && misses === fewest) ? guesses.filter(({ misses }) => misses < fewest + FORGOTTEN_FROM) : guesses;
}

/** What was taken until `at`, of what it bears; 0: not as much. */
export function usedShare(guess: Guess, at: number, now: number, taken: TakenMeter): number {
  const share = taken.since(startOf(guess, at), now) / guess.took;
  return share >= SAME_SHARE ? share : 0;
}

/** What was taken until `at` is about what all that are believed bear. */
export function isNear(guesses: readonly Guess[], at: number, now: number, taken: TakenMeter): boolean {
  return guesses.length > 0 && guesses.every((guess) => taken.since(startOf(guess, at), now) >= guess.took * (guess.hits > 0 ? NEAR_SHARE : SAME_SHARE));
}

function shown(used: number): Pick<Guess, 'took' | 'figure'> {
  return { took: used, figure: used };
}

export function storedGuess({ lengthMs, phaseMs, took, figure, hits, misses }: Guess): StoredGuess {
  return [lengthMs / MINUTE_MS, phaseMs === undefined ? -1 : phaseMs / MINUTE_MS, took, figure, hits, Math.round(misses * 100) / 100];
}

export function guessFromStored([length, phase, took, figure, hits, misses]: StoredGuess): Guess {
  return { lengthMs: length * MINUTE_MS, ...(phase >= 0 && { phaseMs: phase * MINUTE_MS }), took, figure, hits, misses };
}
