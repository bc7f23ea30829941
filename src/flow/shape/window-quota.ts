/**
 * How much a site takes from a lane within a window of time, found out from what it takes and when it refuses everything,
 * whatever the words. Pure. Guesses of the window are kept in window-guess.ts.
 *
 * Policy, in the order in which it happens:
 * - Several messages are refused and nothing is taken for some minutes, or one is refused when a known figure is used: the
 *   lane is closed. Nothing but probes goes, first soon, then after a part of the time that it has been closed; once a
 *   figure has proved right, when the guesses that are left say that there is room.
 * - From then on as much goes as all guesses allow, a part of which is kept from bulk mail. Before it has proved right,
 *   one message at a time finds out whether it is more; when it is, the figure is dropped.
 * - While it is used the figure grows, by more each time that this goes well, more seldom each time that it was too much.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import { QUOTA_LIMITS } from '../../base/quota-limits.ts';
import type { TakenMeter } from './taken-meter.ts';
import { afterOneMore, believed, grownBy, isNear, isRefuted, refusedFrom, stillRefused, takenAgain, type Guess } from './window-guess.ts';
import { countIn, DAY_MS, opensAt, startOf } from './windows.ts';

/** Of the figure: from here on it counts as used, beside what is kept from bulk mail. */
const USED_SHARE = 0.7;
const GAIN = 1.05;
const MINUTE_MS = 60_000;
/** Nobody has tried for so long: whatever it was is over. */
const HOUR_MS = 60 * MINUTE_MS;
const UNSURE_MS = 6 * HOUR_MS;

/** Everything is refused. Times are milliseconds since 1970. */
export interface Closure {
  /** Of the first refusal since something was taken, and of the latest. */
  readonly at: number;
  readonly refusedAt: number;
  /** Messages refused since then, by when they were queued: as many as it takes to be sure. */
  readonly refused: readonly number[];
  /** All of them are mail of this domain, and it may be about that; '' else. */
  readonly ofDomain: string;
  /** It is about us or how much we send, and not perhaps an outage. */
  readonly named: boolean;
  readonly sure: boolean;
  /** When one message may try. */
  readonly probeAt: number;
  /** Messages that were taken in between, before it was sure. */
  readonly slips: number;
}

/** Part of a lane's status. */
export interface WindowQuota {
  readonly guesses: readonly Guess[];
  readonly closure?: Closure | undefined;
  /** Of the latest refusal that closed it, and of the message that opened it again. */
  readonly since: number;
  readonly openedAt: number;
  /** When the figure last grew, by which share, and how often it was too much. */
  readonly grownAt: number;
  readonly growth: number;
  readonly fails: number;
}

const UNKNOWN: WindowQuota = { guesses: [], since: 0, openedAt: 0, grownAt: 0, growth: QUOTA_LIMITS.growth, fails: 0 };

export interface Refusal {
  readonly now: number;
  /** When the delivery was let go. */
  readonly admittedAt: number;
  /** Of the message. */
  readonly queuedAt: number;
  /** That the mail answers for. */
  readonly domain: string;
  readonly taken: TakenMeter;
  /** As in Closure. */
  readonly named: boolean;
  /** It says that it does not want us, which nobody says by mistake. */
  readonly block: boolean;
  /** It says that it is too much, and so little went of late that no minute can be meant. */
  readonly atTrickle: boolean;
}

/** Nothing of a delivery was taken, for a reason that is no single message's. */
export function afterRefusal(quota: WindowQuota | undefined, refusal: Refusal): WindowQuota | undefined {
  const { now, admittedAt, taken } = refusal;
  if (!quota && taken.total(now, DAY_MS) < QUOTA_LIMITS.tookMin) return undefined;
  const before = quota ?? UNKNOWN;
  // What was under way when it closed says the same again.
  if (isClosed(before) && admittedAt < before.closure.at) return before;
  const closure = refusedIn(before.closure, refusal);
  if (closure.sure) return probedAfter({ ...before, closure, guesses: stillRefused(before.guesses, now, taken) }, now, taken);
  if (!refusal.atTrickle && !refusal.block && !isSure(closure) && now - before.openedAt > QUOTA_LIMITS.relapseMs && !isNear(believed(before.guesses), closure.at, now, taken)) return { ...before, closure };
  const guesses = refusedFrom(before.guesses, closure.at, now, taken);
  if (guesses.length === 0 || isRefuted(guesses)) return { ...UNKNOWN, closure };
  const fails = hasGained(before, guesses) ? 0 : Math.min(before.fails + (before.grownAt > before.since ? 1 : 0), QUOTA_LIMITS.patienceDoublings);
  return probedAfter({ guesses, closure: { ...closure, sure: true }, since: now, openedAt: before.openedAt, grownAt: before.grownAt, growth: QUOTA_LIMITS.growth, fails }, now, taken);
}

function refusedIn(closure: Closure | undefined, { now, queuedAt, domain, named }: Refusal): Closure {
  const meant = named ? '' : domain;
  if (!closure) return { at: now, refusedAt: now, refused: [queuedAt], ofDomain: meant, named, sure: false, probeAt: now, slips: 0 };
  const isNew = closure.refused.length < QUOTA_LIMITS.sureMessages && !closure.refused.includes(queuedAt);
  return { ...closure, refusedAt: now, refused: isNew ? [...closure.refused, queuedAt] : closure.refused, ofDomain: closure.ofDomain === meant ? meant : '', named: closure.named || named };
}

function isSure({ at, refusedAt, refused, named }: Closure): boolean {
  return refused.length >= QUOTA_LIMITS.sureMessages && refusedAt - at >= (named ? QUOTA_LIMITS.sureNamedMs : QUOTA_LIMITS.sureMs);
}

/** It took more than before the figure last grew. */
function hasGained({ guesses, growth, grownAt, since }: WindowQuota, now: readonly Guess[]): boolean {
  const [best] = believed(now);
  const before = guesses.find(({ lengthMs, phaseMs }) => lengthMs === best?.lengthMs && phaseMs === best.phaseMs);
  return grownAt > since && best !== undefined && before !== undefined && best.took > (before.figure / (1 + growth)) * GAIN;
}

/** What was taken is about what it bears, as far as that is known. */
export function isUsed(quota: WindowQuota | undefined, now: number, taken: TakenMeter): boolean {
  return quota !== undefined && isNear(believed(quota.guesses), now, now, taken);
}

/** Only one message at a time finds out whether it takes mail again. */
export function isClosed(quota: WindowQuota | undefined): quota is WindowQuota & { readonly closure: Closure } {
  return quota?.closure?.sure === true;
}

/** Mail of another domain than all that was refused: it says nothing about the figure. */
export function isOfOthers({ closure }: WindowQuota, domain: string): boolean {
  return closure !== undefined && closure.ofDomain !== '' && closure.ofDomain !== domain;
}

/** A figure that has proved right. */
export function isProven({ guesses }: WindowQuota): boolean {
  return guesses.some(({ hits }) => hits > 0);
}

/** A probe is under way: the next one waits for what it finds. */
export function probing(quota: WindowQuota, now: number): WindowQuota {
  return quota.closure ? { ...quota, closure: { ...quota.closure, probeAt: now + QUOTA_LIMITS.probeMinMs } } : quota;
}

export interface Taking {
  readonly now: number;
  readonly admittedAt: number;
  /** As of before this delivery. */
  readonly taken: TakenMeter;
  readonly domain: string;
}

/** The site took a message. */
export function afterTaken(quota: WindowQuota, { now, admittedAt, taken, domain }: Taking): WindowQuota | undefined {
  const { closure, ...open } = quota;
  // It was let go before the refusal came, and says nothing against it.
  if (closure?.sure && admittedAt <= closure.at) return quota;
  if (closure && !closure.sure && closure.slips < slipsOf(taken.total(now, HOUR_MS))) return { ...quota, closure: { ...closure, slips: closure.slips + 1 }, guesses: afterOneMore(quota.guesses, now, taken) };
  const teaches = closure?.sure === true && !isOfOthers(quota, domain);
  const guesses = afterOneMore(teaches ? takenAgain(quota.guesses, now, taken) : quota.guesses, now, taken);
  return isRefuted(guesses) ? undefined : { ...open, guesses, ...(closure?.sure && { openedAt: now }) };
}

function slipsOf(perHour: number): number {
  return Math.min(QUOTA_LIMITS.slipsMax, Math.max(QUOTA_LIMITS.slipsMin, perHour * QUOTA_LIMITS.slipsShare));
}

/** What time changes: the same quota while nothing does. */
export function agedQuota(quota: WindowQuota, now: number, taken: TakenMeter): WindowQuota | undefined {
  const { closure, guesses } = quota;
  const latest = Math.max(quota.since, quota.grownAt, quota.openedAt, closure?.refusedAt ?? 0);
  // Written down by a clock that was ahead.
  if (latest > now) return guesses.length > 0 ? { ...quota, closure: undefined, since: Math.min(now, quota.since), grownAt: Math.min(now, quota.grownAt), openedAt: Math.min(now, quota.openedAt) } : undefined;
  if (now - latest > QUOTA_LIMITS.memoryMs) return undefined;
  if (!closure) return grown(quota, now, taken);
  if (now - closure.refusedAt <= (closure.sure ? DAY_MS : UNSURE_MS)) return quota;
  return guesses.length > 0 ? { ...quota, closure: undefined } : undefined;
}

function grown(quota: WindowQuota, now: number, taken: TakenMeter): WindowQuota {
  const { guesses, since, grownAt, fails } = quota;
  if (now - Math.max(since, grownAt) < QUOTA_LIMITS.patienceMinMs) return quota;
  const used = believed(guesses).filter((guess) => countIn(guess, now, taken) >= guess.figure * USED_SHARE);
  const calm = Math.min(QUOTA_LIMITS.patienceMaxMs, QUOTA_LIMITS.patienceWindows * Math.max(...used.map(({ lengthMs }) => lengthMs)));
  const patienceMs = Math.min(QUOTA_LIMITS.patienceLongestMs, Math.max(QUOTA_LIMITS.patienceMinMs, calm) * 2 ** fails);
  if (used.length === 0 || now - Math.max(since, grownAt) < patienceMs) return quota;
  const wentWell = grownAt > since;
  const growth = wentWell ? Math.min(QUOTA_LIMITS.growthMax, quota.growth * 2) : QUOTA_LIMITS.growth;
  return { ...quota, guesses: grownBy(guesses, growth), grownAt: now, growth, fails: wentWell ? 0 : fails };
}

/** When a message of this kind may go; `now` when it may. Undefined: as soon as what is under way has ended. */
export function roomAt(quota: WindowQuota, { now, taken, inFlight, bulk }: { readonly now: number; readonly taken: TakenMeter; readonly inFlight: number; readonly bulk: boolean }): number | undefined {
  const { closure } = quota;
  // It may be closing: more at once would only be refused together.
  if (closure && closure.refused.length >= QUOTA_LIMITS.sureMessages) return inFlight === 0 ? now : undefined;
  if (quota.guesses.length === 0 || closure) return now;
  const all = believed(quota.guesses);
  const full = all.filter((guess) => countIn(guess, now, taken) + inFlight >= limitOf(guess, now, bulk));
  // Beyond what it was seen to take, one at a time.
  if (full.length === 0) return inFlight === 0 || all.every((guess) => countIn(guess, now, taken) + inFlight < guess.took) ? now : undefined;
  if (!isProven({ ...quota, guesses: all })) return inFlight === 0 ? now : undefined;
  const at = middle(all.map((guess) => openingOf(guess, now, taken, bulk)));
  if (at > now) return at;
  return inFlight === 0 ? now : undefined;
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

function probedAfter(quota: WindowQuota & { readonly closure: Closure }, now: number, taken: TakenMeter): WindowQuota {
  return { ...quota, closure: { ...quota.closure, probeAt: Math.max(now + QUOTA_LIMITS.probeMinMs, probeTime(quota, now, taken)) } };
}

function probeTime({ guesses, closure }: WindowQuota & { readonly closure: Closure }, now: number, taken: TakenMeter): number {
  const { at, named } = closure;
  const longest = named ? QUOTA_LIMITS.probeMaxNamedMs : QUOTA_LIMITS.probeMaxMs;
  const gap = Math.min(longest, Math.max(QUOTA_LIMITS.probeMinMs, (now - at) * (named ? QUOTA_LIMITS.probeShareNamed : QUOTA_LIMITS.probeShare)));
  const left = believed(guesses);
  const openings = left.map((guess) => opensAt(guess, now, taken, guess.took)).filter((opening) => opening > now);
  if (openings.length === 0) return now + gap;
  const expected = middle(openings);
  const hits = Math.max(...left.map((guess) => guess.hits));
  return hits > 1 ? expected : Math.min(expected, now + (hits > 0 ? longest : gap));
}

/** The guess that is told of. */
export function surest({ guesses }: WindowQuota): Guess | undefined {
  return believed(guesses)[0];
}
