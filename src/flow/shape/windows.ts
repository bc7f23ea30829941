/** Windows of time in which sites count: the latest so many hours, or from a fixed time on. Pure. */
import type { TakenMeter } from './taken-meter.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export interface Window {
  readonly lengthMs: number;
  /** Of a fixed one: how long after a multiple of its length (since 1970, UTC) it begins; absent: each message counts for the length. */
  readonly phaseMs?: number;
}

const LENGTHS_H = [1, 2, 3, 4, 6, 8, 12, 24];
/** Days begin at midnight somewhere, shorter windows with an hour. */
const DAY_PHASE_MS = HOUR_MS / 2;

/** What sites are known to count by. */
export const WINDOWS: readonly Window[] = [
  ...[HOUR_MS / 6, HOUR_MS / 2, ...LENGTHS_H.map((hours) => hours * HOUR_MS)].map((lengthMs) => ({ lengthMs })),
  ...LENGTHS_H.flatMap((hours) => phasesOf(hours * HOUR_MS, hours === 24 ? DAY_PHASE_MS : HOUR_MS)),
];

function phasesOf(lengthMs: number, stepMs: number): readonly Window[] {
  return Array.from({ length: lengthMs / stepMs }, (_, at) => ({ lengthMs, phaseMs: at * stepMs }));
}

/** Milliseconds since 1970. */
export function startOf({ lengthMs, phaseMs }: Window, now: number): number {
  return phaseMs === undefined ? now - lengthMs : Math.floor((now - phaseMs) / lengthMs) * lengthMs + phaseMs;
}

export function countIn(window: Window, now: number, taken: TakenMeter): number {
  return taken.since(startOf(window, now), now);
}

/** The same without what may have fallen out of it just now: what was taken is known to the minute. */
export function surelyIn(window: Window, now: number, taken: TakenMeter): number {
  return taken.since(startOf(window, now) + (window.phaseMs === undefined ? MINUTE_MS : 0), now);
}

/** When it has room again, if nothing more goes; `now` when it has. */
export function opensAt(window: Window, now: number, taken: TakenMeter, limit: number): number {
  if (countIn(window, now, taken) < limit) return now;
  return window.phaseMs === undefined ? taken.roomAt(now, window.lengthMs, limit) : startOf(window, now) + window.lengthMs;
}

/** Clocks differ, and what was taken is not known to the second. */
export function slackOf({ lengthMs }: Window): number {
  return Math.min(10 * MINUTE_MS, lengthMs / 6);
}
