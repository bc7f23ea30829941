/**
 * What a site takes from a lane within a day, for sites that count by the day: found out by what was taken and when all of
 * it was refused, whatever the words. Pure.
 *
 * Policy, in the order in which it happens:
 * - Everything is refused for an hour, three messages of it at least, after some were taken: the lane is closed. Nothing but
 *   one probe goes, after half (a quarter, when it may be an outage) of the time that it has been closed, up to some hours.
 * - A probe is taken after many hours: the figure is known. When as much had gone in the 24 hours before, the site's day
 *   begins at a time of its own, which later probes narrow down; else each message counts for 24 hours, as it does when it
 *   closes again after as many of them.
 * - From then on as much goes as was taken, a part of which is kept from bulk mail. The first time again, one letter at a
 *   time finds out whether it is more, and the first refusal closes.
 * - While it is used the figure grows after a day of patience, longer each time that it was too much.
 * - A site that opens more often than once a day has no such figure. Without a refusal for two weeks it is forgotten.
 */
import { DAY_QUOTA_LIMITS } from '../../base/day-quota-limits.ts';
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { TakenMeter } from './taken-meter.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Near a figure that is known one refusal says it; so much below it has become another one. */
const NEAR_SHARE = 0.8;
const FAR_SHARE = 0.5;
/** Of the figure: from here on it counts as used, beside what is kept from bulk mail. */
const USED_SHARE = 0.7;
/** Closed for less it is no day's figure; a day that begins anew sooner is none. */
const DAILY_CLOSED_MS = 5 * HOUR_MS;
const DAILY_OPENS_MS = 18 * HOUR_MS;
/** As much as before in the last 24 hours, and it takes mail all the same. */
const ANEW_SHARE = 0.9;
/** So much less than before in the last 24 hours, and it still refuses. */
const FEWER_SHARE = 0.93;
/** The time at which a day begins is known well enough; a clock that is changed for summer moves it. */
const EXACT_MS = 30 * MINUTE_MS;

/** Part of a lane's status. Times are milliseconds since 1970, 0 for never. */
export interface DayQuota {
  /** Messages that go within a day; 0: not known. */
  readonly perDay: number;
  /** What it was before it grew. */
  readonly took: number;
  /** Of the UTC day, milliseconds: when the site's day has begun anew at the latest; -1: each message counts for 24 hours, or nobody knows. */
  readonly opensAt: number;
  /** It refused although less had gone in 24 hours than when it closed: its day begins at some time. */
  readonly hasDays: boolean;
  /** It began at most so long before `opensAt`. */
  readonly bracketMs: number;
  /** How often it opened at that time; without such a time, how often it closed after as many. */
  readonly confirmed: number;
  /** Of the first refusal since something was taken; 0: it takes mail. */
  readonly closedAt: number;
  readonly refusedAt: number;
  /** Messages refused since then, by when they were queued: as many as it takes to be sure. */
  readonly refused: readonly number[];
  /** All of them are mail of this domain, and it may be about that; '' else. */
  readonly ofDomain: string;
  /** What had been taken by then: of the site's day, and of 24 hours. */
  readonly sent: number;
  readonly within: number;
  /** When one message may try. */
  readonly probeAt: number;
  readonly openedAt: number;
  /** Longest that it was closed, milliseconds. */
  readonly longestMs: number;
  /** Of the latest refusal that closed. */
  readonly since: number;
  /** When the figure last grew, and how often it was too much since it grew without a refusal. */
  readonly grownAt: number;
  readonly fails: number;
}

const UNKNOWN: DayQuota = {
  perDay: 0, took: 0, opensAt: -1, hasDays: false, bracketMs: 0, confirmed: 0, closedAt: 0, refusedAt: 0, refused: [], ofDomain: '', sent: 0, within: 0, probeAt: 0, openedAt: 0, longestMs: 0, since: 0, grownAt: 0, fails: 0,
};

export interface Refusal {
  readonly now: number;
  /** Of the message. */
  readonly queuedAt: number;
  /** That the mail answers for. */
  readonly domain: string;
  /** What was taken, by ten minutes. */
  readonly day: TakenMeter;
  /** It is about us or how much we send, and not perhaps an outage. */
  readonly named: boolean;
}

/** Nothing of a delivery was taken, for a reason that is no single message's. */
export function afterRefusal(quota: DayQuota | undefined, { now, queuedAt, domain, day, named }: Refusal): DayQuota | undefined {
  const meant = named ? '' : domain;
  if (!quota && day.total(now) < DAY_QUOTA_LIMITS.tookMin) return undefined;
  const next = quota && quota.closedAt > 0 ? refusedAgain(quota, { now, queuedAt, day, meant }) : closing(quota ?? UNKNOWN, { now, queuedAt, day, meant });
  if (!isClosed(next)) return next;
  return { ...next, since: now, probeAt: probeAfter(next, now, day, named) };
}

type MeantRefusal = Pick<Refusal, 'now' | 'queuedAt' | 'day'> & { readonly meant: string };

/** The first refusal since something was taken: it may be the beginning. */
function closing(quota: DayQuota, { now, queuedAt, day, meant }: MeantRefusal): DayQuota {
  const within = day.total(now);
  const fails = quota.perDay > 0 ? Math.min(quota.fails + 1, DAY_QUOTA_LIMITS.patienceDoublings) : 0;
  return withoutFalseDay({
    ...quota, ...seenBefore(quota, within), fails, closedAt: now, refusedAt: now, refused: [queuedAt], ofDomain: meant, sent: sentOf(quota, now, day), within,
  });
}

function refusedAgain(quota: DayQuota, { now, queuedAt, day, meant }: MeantRefusal): DayQuota {
  const isNew = quota.refused.length < DAY_QUOTA_LIMITS.sureMessages && !quota.refused.includes(queuedAt);
  return {
    ...quota, ...narrowed(quota, now), refusedAt: now, refused: isNew ? [...quota.refused, queuedAt] : quota.refused,
    ofDomain: quota.ofDomain === meant ? meant : '', hasDays: quota.hasDays || day.total(now) < quota.within * FEWER_SHARE,
  };
}

/** Only one message at a time finds out whether it takes mail again. */
export function isClosed(quota: DayQuota | undefined): boolean {
  if (!quota || quota.closedAt === 0) return false;
  if (quota.perDay > 0 && quota.sent >= quota.perDay * NEAR_SHARE) return true;
  return quota.refused.length >= DAY_QUOTA_LIMITS.sureMessages && quota.refusedAt - quota.closedAt >= DAY_QUOTA_LIMITS.sureMs;
}

/** Mail of another domain than all that was refused: it says nothing about the day. */
export function isOfOthers({ ofDomain }: DayQuota, domain: string): boolean {
  return ofDomain !== '' && ofDomain !== domain;
}

/** A probe is under way: the next one waits for what it finds. */
export function probing(quota: DayQuota, now: number): DayQuota {
  return { ...quota, probeAt: now + 10 * MINUTE_MS };
}

export interface Taking {
  readonly now: number;
  readonly admittedAt: number;
  /** As of before this delivery. */
  readonly day: TakenMeter;
  readonly domain: string;
}

/** The site took a message. */
export function afterTaken(quota: DayQuota, { now, admittedAt, day, domain }: Taking): DayQuota | undefined {
  if (quota.closedAt === 0) {
    const used = usedOf(quota, now, day) + 1;
    return quota.perDay > 0 && used > quota.perDay ? { ...quota, perDay: used, took: used } : quota;
  }
  const open = { ...quota, closedAt: 0, refused: [] };
  // It was let go before the refusal came, and says nothing against it.
  if (isClosed(quota) && admittedAt <= quota.closedAt) return quota;
  if (!isClosed(quota) || isOfOthers(quota, domain) || now - quota.closedAt < DAY_QUOTA_LIMITS.sureMs) return quota.perDay > 0 ? open : undefined;
  const known = { ...open, openedAt: now, longestMs: Math.max(quota.longestMs, now - quota.closedAt) };
  const asBefore = quota.opensAt >= 0 && distance(now % DAY_MS, quota.opensAt) <= Math.max(quota.bracketMs, EXACT_MS);
  const anew = asBefore || quota.hasDays || day.total(now) >= quota.within * ANEW_SHARE;
  const perDay = quota.sent >= DAY_QUOTA_LIMITS.tookMin ? quota.sent : quota.perDay;
  const tooSoon = anew && quota.openedAt > 0 && now - quota.openedAt < DAILY_OPENS_MS;
  if (tooSoon || (quota.perDay === 0 && !quota.hasDays && now - quota.closedAt < DAILY_CLOSED_MS)) return { ...known, perDay: 0, opensAt: -1, hasDays: false, confirmed: 0 };
  if (!anew) return { ...known, perDay, took: perDay, opensAt: -1, bracketMs: 0, confirmed: quota.confirmed + 1 };
  const bracketMs = Math.min(now - quota.refusedAt, asBefore ? Math.max(quota.bracketMs, EXACT_MS) : DAY_MS);
  return { ...known, perDay, took: perDay, opensAt: now % DAY_MS, bracketMs, confirmed: asBefore ? quota.confirmed + 1 : 1 };
}

/** What time changes: the same quota while nothing does. */
export function agedQuota(quota: DayQuota, now: number, day: TakenMeter): DayQuota | undefined {
  const latest = Math.max(quota.since, quota.closedAt, quota.openedAt, quota.grownAt);
  // Written down by a clock that was ahead.
  if (latest > now) return quota.perDay > 0 ? { ...quota, since: now, grownAt: now, closedAt: 0, refused: [], openedAt: Math.min(now, quota.openedAt) } : undefined;
  if (now - latest > (quota.perDay > 0 || quota.closedAt > 0 ? DAY_QUOTA_LIMITS.memoryMs : DAY_MS)) return undefined;
  // Nobody probed: whatever day it was is over.
  if (quota.closedAt > 0) return now - quota.refusedAt > DAY_MS ? { ...quota, closedAt: 0, refused: [] } : quota;
  return grown(quota, now, day);
}

function grown(quota: DayQuota, now: number, day: TakenMeter): DayQuota {
  const { perDay, since, grownAt, fails } = quota;
  if (perDay === 0 || now - Math.max(since, grownAt) < DAY_QUOTA_LIMITS.patienceMs * 2 ** fails || usedOf(quota, now, day) < perDay * USED_SHARE) return quota;
  return { ...quota, perDay: Math.ceil(perDay * (1 + DAY_QUOTA_LIMITS.growth)), grownAt: now, fails: grownAt > since ? 0 : fails };
}

/**
 * When a message of this kind may go by the day's figure; `now` when it may. Undefined: as soon as what is under way has
 * ended.
 */
export function roomByDay(quota: DayQuota, { now, day, inFlight, bulk }: { readonly now: number; readonly day: TakenMeter; readonly inFlight: number; readonly bulk: boolean }): number | undefined {
  if (quota.perDay === 0 || quota.closedAt > 0) return now;
  const used = usedOf(quota, now, day);
  const limit = Math.max(1, quota.perDay - (bulk ? reserve(quota, now) : 0));
  if (used + inFlight < limit) return now;
  if (!bulk && quota.confirmed < 2) return inFlight === 0 ? now : undefined;
  if (inFlight > 0 && used < limit) return undefined;
  if (quota.opensAt < 0) return Math.max(now + 1, day.roomAt(now, limit));
  return bulk ? Math.max(now + MINUTE_MS, spareAt(quota, now, used)) : nextOpening(quota, now);
}

/** When so little of the day is left that one more is no longer kept for letters. */
function spareAt(quota: DayQuota, now: number, used: number): number {
  const spare = Math.max(0, quota.perDay - used - 1);
  return nextOpening(quota, now) - Math.floor(Math.min(1, spare / (quota.perDay * SHAPE_LIMITS.reserveShare)) * DAY_MS);
}

/** Kept for letters: of a day that ends, the less the less is left of it. */
function reserve(quota: DayQuota, now: number): number {
  const left = quota.opensAt >= 0 ? (nextOpening(quota, now) - now) / DAY_MS : 1;
  return Math.ceil(quota.perDay * SHAPE_LIMITS.reserveShare * left);
}

/** Messages of the site's day, or of 24 hours. */
function usedOf(quota: DayQuota, now: number, day: TakenMeter): number {
  return quota.opensAt >= 0 ? day.since(nextOpening(quota, now) - DAY_MS, now) : day.total(now);
}

/** What was taken of the site's day when it closed. Nobody knows exactly when that began: the figure stays as it was, if it can. */
function sentOf(quota: DayQuota, now: number, day: TakenMeter): number {
  const least = usedOf(quota, now, day);
  if (quota.opensAt < 0) return least;
  return Math.max(least, Math.min(quota.took, day.since(nextOpening(quota, now) - DAY_MS - quota.bracketMs, now)));
}

export function nextOpening({ opensAt }: DayQuota, now: number): number {
  const today = now - (now % DAY_MS) + opensAt;
  return today > now ? today : today + DAY_MS;
}

/** It closed long before the figure of its day was used, and had the figure of 24 hours: it counts these. */
function withoutFalseDay(quota: DayQuota): DayQuota {
  const isFalse = quota.opensAt >= 0 && quota.sent < quota.perDay * FAR_SHARE && quota.within >= quota.perDay * USED_SHARE;
  return isFalse ? { ...quota, sent: quota.within, opensAt: -1, hasDays: false, bracketMs: 0, confirmed: 1 } : quota;
}

/** It closed before after as many in 24 hours: it counts these, however soon it opens. */
function seenBefore(quota: DayQuota, within: number): Partial<DayQuota> {
  const isAlike = within >= DAY_QUOTA_LIMITS.tookMin && Math.abs(within - quota.within) <= quota.within * (1 - ANEW_SHARE);
  if (quota.opensAt >= 0 || quota.hasDays || quota.openedAt === 0 || !isAlike) return {};
  return { perDay: within, took: within, confirmed: quota.confirmed + 1 };
}

/** A probe before the time at which it opens for sure: then it is later than that. */
function narrowed(quota: DayQuota, now: number): Partial<DayQuota> {
  if (quota.opensAt < 0) return {};
  const toGo = nextOpening(quota, now) - now;
  return toGo < quota.bracketMs ? { bracketMs: toGo } : {};
}

function probeAfter(quota: DayQuota, now: number, day: TakenMeter, named: boolean): number {
  const { closedAt, opensAt, perDay, confirmed, longestMs } = quota;
  const share = named ? DAY_QUOTA_LIMITS.probeShareNamed : DAY_QUOTA_LIMITS.probeShare;
  const longest = named ? DAY_QUOTA_LIMITS.probeMaxNamedMs : DAY_QUOTA_LIMITS.probeMaxMs;
  const least = Math.max(DAY_QUOTA_LIMITS.probeMinMs, confirmed > 0 ? Math.min(longest, longestMs / 4) : 0);
  const gap = now + Math.min(longest, Math.max(least, (now - closedAt) * share));
  if (perDay === 0) return gap;
  if (opensAt < 0) return confirmed > 0 && !quota.hasDays ? Math.max(now + DAY_QUOTA_LIMITS.probeMinMs, day.roomAt(now, Math.max(1, Math.min(perDay, quota.within)))) : gap;
  // It should have opened already: the day begins later than it did.
  if (now - closedAt > DAY_MS - EXACT_MS || distance(now % DAY_MS, opensAt) < EXACT_MS / 2) return now + DAY_QUOTA_LIMITS.probeMinMs;
  const opening = nextOpening(quota, now);
  const middle = opening - quota.bracketMs / 2;
  const expected = quota.bracketMs > EXACT_MS && middle > now + DAY_QUOTA_LIMITS.probeMinMs ? middle : opening;
  return confirmed > 1 ? expected : Math.min(expected, gap);
}

/** Of two times of the day. */
function distance(one: number, other: number): number {
  const apart = Math.abs(one - other);
  return Math.min(apart, DAY_MS - apart);
}
