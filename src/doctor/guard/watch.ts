/**
 * The guard's judgement of one check of one subject: what it remembered, what is seen now, what it has to tell. Pure.
 *
 *   believed   what was seen several times in a row and for long enough; a single sighting changes nothing
 *   told       what the postmaster was told last; where it differs from what is believed, there is news
 *
 * Policy
 * - Unknown is neither better nor worse: it neither feeds a doubt nor ends it. After days it is told once.
 * - What fails at the first look is news; a warning, or what was never known, is how things are.
 * - A check that turns again and again is told as unsteady, once in a week, instead of each turn. When it has come to rest,
 *   what it came to is told like any other change.
 * - Mending is told only of what a note said was bad.
 * - What was not looked at for long, as with a server that was off, cannot have lasted: a doubt, and not knowing, begin anew.
 * - What does not apply is neither good nor bad: when it applies again it is compared with what it was before, and when it
 *   applies for the first time it is seen for the first time.
 */
import { GUARD_LIMITS } from '../../base/guard-limits.ts';
import type { Level } from '../check.ts';
import type { KeptState, Known, News, Sighting } from './kept-state.ts';

export interface Judgement {
  readonly state: KeptState;
  readonly news?: News;
}

const BADNESS: Readonly<Record<Known, number>> = { skip: 0, pass: 0, warn: 1, fail: 2 };

export function badnessOf(level: Known | undefined): number {
  return level === undefined ? 0 : BADNESS[level];
}

/** How long after the last look, in milliseconds, nobody can say that something has lasted. */
export interface Absence {
  /** A doubt, which is looked at every half hour. */
  readonly doubtMs: number;
  /** What cannot be told, which is looked at with each examination. */
  readonly unknownMs: number;
}

const NEVER: Absence = { doubtMs: Infinity, unknownMs: Infinity };

/** `previous` undefined: seen for the first time. At most one piece of news. */
export function judge(previous: KeptState | undefined, sighting: Sighting, now: number, absence: Absence = NEVER): Judgement {
  const { check, subject, level } = sighting;
  const state: KeptState = { ...(previous ? asLeft(previous, now, absence) : { check, subject, since: now, reported: false, turns: [] }), lastSeenAt: now };
  if (level === 'unknown') return stillUnknown(state, now);
  const { unknownSince: _since, unknownTold, ...known } = state;
  const judged = tell(settle(look(known, level, now), level, now), now);
  if (!unknownTold || judged.news) return judged;
  // What it has become is told when that is sure.
  if (judged.state.doubt) return { state: { ...judged.state, unknownTold } };
  return { ...judged, news: { kind: 'known-again', check, subject, to: level, since: now } };
}

function asLeft({ doubt, unknownSince, ...rest }: KeptState, now: number, { doubtMs, unknownMs }: Absence): KeptState {
  const awayMs = now - rest.lastSeenAt;
  return { ...rest, ...(doubt && awayMs <= doubtMs ? { doubt } : {}), ...(unknownSince !== undefined && (awayMs <= unknownMs || rest.unknownTold) ? { unknownSince } : {}) };
}

/** Is there a doubt that asking again would settle? */
export function isDoubtful({ doubt }: KeptState): boolean {
  return doubt !== undefined;
}

function stillUnknown(state: KeptState, now: number): Judgement {
  const { check, subject, settled, unknownSince = now, unknownTold, acknowledged } = state;
  const next = { ...state, unknownSince };
  if (settled === undefined || unknownTold || acknowledged || now - unknownSince < GUARD_LIMITS.unknownMs) return { state: next };
  return { state: { ...next, unknownTold: true }, news: { kind: 'unknown', check, subject, from: settled, to: 'unknown', since: unknownSince } };
}

/** Counts turns, and begins, feeds or ends a doubt. */
function look(state: KeptState, level: Known, now: number): KeptState {
  const { seen, settled, doubt, ...rest } = state;
  const recent = state.turns.filter((at) => now - at < GUARD_LIMITS.unsteadyMs);
  const turned = seen !== undefined && BADNESS[seen] !== BADNESS[level];
  const turns = turned ? [...recent, now].slice(-2 * GUARD_LIMITS.unsteadyTurns) : recent;
  const base: KeptState = { ...rest, seen: level, turns, ...(settled === undefined ? {} : { settled }) };
  // A clock that was set back must not let a doubt grow old.
  const going = doubt !== undefined && doubt.level === level && doubt.since <= now;
  if (settled === undefined ? BADNESS[level] < BADNESS.fail : BADNESS[settled] === BADNESS[level]) return base;
  return { ...base, doubt: going ? { ...doubt, sightings: doubt.sightings + 1 } : { level, since: now, sightings: 1 } };
}

/** Believes what persisted. */
function settle(state: KeptState, level: Known, now: number): KeptState {
  const { doubt, settled, told, ...rest } = state;
  if (!doubt) {
    const first = settled === undefined;
    // Between pass and skip nothing is better or worse.
    const same = level !== 'skip' && badnessOf(told) === BADNESS[level];
    return { ...rest, settled: level, since: first ? now : state.since, told: first || same ? level : (told as Known) };
  }
  if (doubt.sightings < GUARD_LIMITS.sightings || now - doubt.since < GUARD_LIMITS.persistMs) return state;
  return { ...rest, settled: doubt.level, since: doubt.since, ...(told === undefined ? {} : { told }) };
}

function tell(state: KeptState, now: number): Judgement {
  const { check, subject, settled, told, turns, since } = state;
  const acknowledged = acknowledgementOf(state);
  const { acknowledged: _old, ...bare } = state;
  const kept: KeptState = acknowledged ? { ...bare, acknowledged } : bare;
  if (turns.length >= GUARD_LIMITS.unsteadyTurns) return unsteady(kept, now);
  if (settled === undefined || badnessOf(settled) === badnessOf(told)) return { state: kept };
  if (settled === 'skip' && !kept.reported) return { state: kept };
  if (told === 'skip' && settled === 'warn') return { state: { ...kept, told: settled } };
  const worse = badnessOf(settled) > badnessOf(told);
  const next: KeptState = { ...kept, told: settled, reported: badnessOf(settled) > 0 && (worse ? !acknowledged : kept.reported) };
  if (acknowledged || (!worse && !kept.reported)) return { state: next };
  const kind = worse ? 'worse' : badnessOf(settled) > 0 ? 'better' : 'mended';
  return { state: next, news: { kind, check, subject, ...(told === undefined ? {} : { from: told }), to: settled, since } };
}

function unsteady(state: KeptState, now: number): Judgement {
  const { check, subject, settled, turns, unsteadyToldAt, since, seen, acknowledged } = state;
  if (acknowledged || (unsteadyToldAt !== undefined && now - unsteadyToldAt < GUARD_LIMITS.unsteadyMs && unsteadyToldAt <= now)) return { state };
  // Which way it was told counts as told: when it rests the other way, that is news.
  const next: KeptState = { ...state, unsteadyToldAt: now, ...(settled === undefined || settled === 'skip' ? {} : { told: settled, reported: state.reported || badnessOf(settled) > 0 }) };
  return { state: next, news: { kind: 'unsteady', check, subject, to: seen ?? settled ?? 'unknown', since: turns[0] ?? since, turns: turns.length } };
}

/** Over when it is mended, or worse than what was acknowledged. */
function acknowledgementOf({ acknowledged, settled, doubt }: KeptState): KeptState['acknowledged'] {
  if (!acknowledged || settled === undefined || doubt) return acknowledged;
  const badness = badnessOf(settled);
  return badness === 0 || badness > badnessOf(acknowledged.level) ? undefined : acknowledged;
}

export interface Watch {
  /** Of all checks, those not seen this time among them. */
  readonly states: readonly KeptState[];
  readonly news: readonly News[];
}

/** One examination, whole or of some checks only. */
export function watch(previous: readonly KeptState[], sightings: readonly Sighting[], now: number, absence?: Absence): Watch {
  const states = new Map(previous.filter(({ lastSeenAt }) => now - lastSeenAt < GUARD_LIMITS.forgetMs).map((state) => [keyOf(state), state]));
  const news: News[] = [];
  for (const sighting of sightings) {
    const judged = judge(states.get(keyOf(sighting)), sighting, now, absence);
    states.set(keyOf(sighting), judged.state);
    if (judged.news) news.push(judged.news);
  }
  return { states: [...states.values()], news };
}

export function keyOf({ check, subject }: { readonly check: string; readonly subject: string }): string {
  return `${check} ${subject}`;
}

/** What an administrator who knows of it makes of a state. Undefined: it is not bad, there is nothing to acknowledge. */
export function acknowledge(state: KeptState, at: number, reason?: string): KeptState | undefined {
  const level: Known | Level | undefined = badnessOf(state.doubt?.level) > badnessOf(state.settled) ? state.doubt?.level : state.settled;
  if (badnessOf(level) === 0) return undefined;
  return { ...state, acknowledged: { at, level: level as Known, ...(reason === undefined ? {} : { reason }) } };
}
