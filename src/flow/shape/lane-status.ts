/**
 * The states of a lane and every way from one to another. Pure: a status and what happened give the next status.
 *
 *   cold ─first mail─► warming ─good days─► steady
 *   any ─complaint or bad ratio─► hot ─rest over─► cooling ─climbed─► steady (or warming again)
 *   any ─refused for what we are─► blocked ─a probe came through─► cooling
 *
 * Policy: rests and rates are multiplied down at each complaint and climb by steps, slowly near the rate that drew the
 * last complaint (the knee). Every state has a way out that needs nobody: a rest ends by the clock, a cooling lane climbs
 * also while nothing is sent, a blocked one is probed. Now and then a letter knocks at a resting lane: taken, it ends the
 * rest; put off, it is no further complaint. Local trouble never comes here.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { Recovery } from './recovery.ts';
import type { TakenMeter } from './taken-meter.ts';
import { setBack, type WarmStatus } from './warm-up.ts';
import { agedQuota, isClosed, isKnown, probing, type Closure, type WindowQuota } from './window-quota.ts';

export interface LaneStatus extends WarmStatus {
  /** Of the reply that caused it; '' when none did. */
  readonly rule: string;
  /** hot, blocked: nothing goes before; then (blocked) one probe. */
  readonly until: number;
  readonly restMs: number;
  /** cooling: messages a minute and deliveries at once; 0: no limit. */
  readonly perMinute: number;
  readonly connections: number;
  /** What one step of climbing adds at least. */
  readonly stepPerMinute: number;
  readonly climbedAt: number;
  /** Rate at which the last complaint came; 0: unknown. */
  readonly knee: number;
  readonly strikes: number;
  readonly struckAt: number;
  /** When a letter last tried a resting lane. */
  readonly knockedAt: number;
  /** What the site takes within a window of time; absent: nothing was refused because of that. */
  readonly windowQuota?: WindowQuota | undefined;
}

export function newStatus(now: number, warmUp: boolean): LaneStatus {
  const why = warmUp ? 'This address has never sent to this site; it begins with little.' : 'Nothing has gone wrong here.';
  return {
    state: warmUp ? 'cold' : 'steady', since: now, why, rule: '', until: 0, restMs: 0, perMinute: 0, connections: 0, stepPerMinute: 1,
    climbedAt: now, knee: 0, strikes: 0, struckAt: 0, knockedAt: 0, warmDay: warmUp ? 0 : -1,
    known: false, easyDays: 0, spread: 1, setbacks: 0, failedDay: 0, holdDays: 0, steppedOn: 0,
  };
}

export interface Complaint {
  readonly now: number;
  /** When the delivery that drew it was let go. */
  readonly admittedAt: number;
  readonly why: string;
  readonly rule: string;
  /** The reply's own wish, milliseconds. */
  readonly retryAfterMs?: number;
}

/** Too much, too fast, says the site. `rate`: of the lane when it came, messages a minute. `expected`: a known figure is used, and warm-up need not step back. */
export function heated(status: LaneStatus, complaint: Complaint & { readonly recovery: Recovery; readonly rate: number; readonly expected?: boolean }): LaneStatus {
  const { now, recovery, why, rule, retryAfterMs = 0, expected = false } = complaint;
  if (isOldNews(status, complaint) || status.state === 'blocked') return status;
  if (status.state === 'hot') return { ...status, knockedAt: lastKnock(status.knockedAt, now + retryAfterMs, status.restMs), until: Math.max(status.until, Math.min(now + Math.max(SHAPE_LIMITS.knockEveryMs, retryAfterMs), now + status.restMs)) };
  const strikes = strikesAt(status, now) + 1;
  const restMs = Math.min(Math.max(recovery.restMs * 2 ** (strikes - 1), retryAfterMs), SHAPE_LIMITS.hotRestMaxMs);
  // In a cooling lane it is the allowed rate that was too much, unless much less was sent.
  const rate = Math.max(1, status.perMinute > 0 ? Math.min(status.perMinute, Math.max(complaint.rate, status.perMinute / 2)) : complaint.rate);
  const start = recovery.perMinute > 0 ? recovery.perMinute : Math.max(1, rate / 2);
  const perMinute = status.perMinute > 0 ? Math.max(1, Math.min(start, status.perMinute / 2)) : start;
  // A complaint at a trickle is about something else than the rate: nothing to be learnt from it about the rate.
  const knee = rate > start ? rate : 0;
  return {
    ...(expected ? status : setBack(status, now, strikes > 1)), state: 'hot', since: now, why, rule, until: now + restMs, restMs, knockedAt: lastKnock(status.knockedAt, now + retryAfterMs, restMs), perMinute, connections: recovery.connections,
    stepPerMinute: Math.max(1, recovery.perMinute > 0 ? recovery.perMinute : perMinute / 5), climbedAt: now, knee, strikes, struckAt: now,
  };
}

/** Refused for what we are. */
export function blocked(status: LaneStatus, complaint: Complaint): LaneStatus {
  const { now, why, rule, retryAfterMs = 0 } = complaint;
  if (isOldNews(status, complaint)) return status;
  const again = status.state === 'blocked';
  const restMs = Math.min(Math.max(again ? status.restMs * 2 : SHAPE_LIMITS.blockedRestMinMs, retryAfterMs), SHAPE_LIMITS.blockedRestMaxMs);
  return {
    ...(again ? status : setBack(status, now, true)), state: 'blocked', since: again ? status.since : now, why, rule, until: now + restMs, restMs, perMinute: 1, connections: 1,
    stepPerMinute: 1, climbedAt: now, knee: 0, strikes: strikesAt(status, now) + 1, struckAt: now,
  };
}

/** A delivery went out: the next probe of a blocked lane has to wait its turn, and the next knock at a resting one. */
export function admitted(status: LaneStatus, now: number): LaneStatus {
  const { windowQuota } = status;
  if (status.state === 'hot') return { ...status, knockedAt: now, ...(isClosed(windowQuota) && { windowQuota: probing(windowQuota, now) }) };
  return status.state === 'blocked' ? { ...status, until: now + status.restMs } : status;
}

/** When a letter may try a resting lane, so that one is not held for hours behind a mailing's fault. */
export function knockAt({ since, knockedAt, restMs }: LaneStatus): number {
  return Math.max(since, knockedAt) + knockEvery(restMs);
}

/** Nobody tries before the time that a reply has named: as if the last one had tried as much before it. */
function lastKnock(knockedAt: number, namedAt: number, restMs: number): number {
  return Math.max(knockedAt, namedAt - knockEvery(restMs));
}

function knockEvery(restMs: number): number {
  return Math.max(SHAPE_LIMITS.knockEveryMs, restMs * SHAPE_LIMITS.knockRestShare);
}

/** The site took a message. */
export function accepted(status: LaneStatus, now: number, admittedAt: number): LaneStatus {
  if (status.state === 'cold') return { ...status, state: 'warming', since: now, why: 'The first mail of this address was taken; it sends a little more every day.' };
  if (admittedAt <= status.struckAt) return status;
  // Nothing was wrong but the figure, and that holds from now on.
  if (status.state === 'hot' && isClosed(status.windowQuota) && isKnown(status.windowQuota)) return recovered(status, now);
  if (status.state === 'hot') return { ...status, state: 'cooling', since: now, why: `${isClosed(status.windowQuota) ? 'A probe was taken, the site takes mail again' : 'A letter was taken before the rest was over'}; it sends at most ${figure(status.perMinute)} a minute and climbs. Before: ${status.why}`, until: 0, climbedAt: now };
  if (status.state !== 'blocked') return status;
  if (isClosed(status.windowQuota) && isKnown(status.windowQuota)) return recovered(status, now);
  return { ...status, state: 'cooling', since: now, why: 'A probe was taken: the site no longer refuses this address. It sends little and climbs.', until: 0, climbedAt: now };
}

/**
 * What time alone changes: rests end, rates climb. `troubled`: the lane's ratio is not good just now. `pace`: the rate that
 * warm-up sets anyway, messages a minute; a lane that has climbed there has recovered.
 */
export function grownOlder(status: LaneStatus, now: number, troubled: boolean, pace?: number): LaneStatus {
  switch (status.state) {
    case 'hot':
    case 'blocked':
      // A clock that was set back must not make a rest longer than it was meant.
      if (status.until - now > status.restMs) return { ...status, until: now + status.restMs };
      if (status.state === 'blocked' || now < status.until || isClosed(status.windowQuota)) return status;
      return { ...status, state: 'cooling', since: now, why: `The rest is over; it sends at most ${figure(status.perMinute)} a minute and climbs. Before: ${status.why}`, climbedAt: Math.max(status.climbedAt, status.until) };
    case 'cooling':
      // Planned with a clock that was ahead: that is no reason to stand still until it is that late.
      if (status.since > now || status.climbedAt > now + SHAPE_LIMITS.holdMaxMs) return { ...status, since: Math.min(status.since, now), climbedAt: now };
      return troubled ? status : climbed(status, now, pace);
    default:
      return status;
  }
}

/** Above this part of the knee it climbs in small steps, and seldom. */
const KNEE_SHARE = 0.8;
const KNEE_STEP = 0.05;
const KNEE_PATIENCE = 6;
/** More steps than any climb has. */
const STEPS_MAX = 2000;

/** All steps that are due by now, also those of hours in which nobody asked. */
function climbed(status: LaneStatus, now: number, pace: number | undefined): LaneStatus {
  let { perMinute, connections, climbedAt } = status;
  const knee = now - status.struckAt > SHAPE_LIMITS.strikeMemoryMs ? 0 : status.knee;
  const steadyAt = pace ?? Math.max(SHAPE_LIMITS.steadyRatePerMinute, 2 * knee);
  for (let steps = 0; steps < STEPS_MAX; steps += 1) {
    const near = knee > 0 && perMinute >= KNEE_SHARE * knee;
    const waitMs = SHAPE_LIMITS.climbEveryMs * (near ? KNEE_PATIENCE * Math.min(16, 2 ** Math.max(0, status.strikes - 1)) : 1);
    if (now - climbedAt < waitMs) break;
    climbedAt += waitMs;
    perMinute += near ? Math.max(0.5, knee * KNEE_STEP) : status.stepPerMinute;
    connections += 1;
    if (perMinute >= steadyAt) return recovered(status, now);
  }
  if (climbedAt === status.climbedAt) return status;
  return { ...status, perMinute, connections, climbedAt };
}

function recovered(status: LaneStatus, now: number): LaneStatus {
  const warming = status.warmDay >= 0 && !status.known;
  return { ...status, state: warming ? 'warming' : 'steady', since: now, why: 'The rate climbed back without a new complaint.', rule: '', until: 0, restMs: 0, perMinute: 0, connections: 0, knee: 0 };
}

/** The day's figure is used up, as it seems: nothing but probes goes. */
export function closed(status: LaneStatus, quota: WindowQuota & { readonly closure: Closure }, complaint: Complaint & { readonly recovery: Recovery; readonly rate: number }): LaneStatus {
  const { now, why, rule } = complaint;
  const { at, probeAt } = quota.closure;
  // What seems to be a block may be how the site says that its figure is used: for a day it is probed as for that.
  if (status.state === 'blocked') return { ...status, until: now - at < SHAPE_LIMITS.blockedRestMaxMs ? Math.min(status.until, Math.max(probeAt, now + SHAPE_LIMITS.blockedRestMinMs)) : status.until, windowQuota: quota };
  const hot = status.state === 'hot' ? status : { ...heated({ ...status, struckAt: Math.min(status.struckAt, complaint.admittedAt - 1) }, { ...complaint, expected: isKnown(quota) }), since: at };
  return { ...hot, why, rule, until: probeAt, restMs: Math.max(0, probeAt - now), struckAt: now, windowQuota: quota };
}

/** The same status while nothing changes. */
export function quotaGrown(status: LaneStatus, now: number, taken: TakenMeter): LaneStatus {
  const windowQuota = status.windowQuota && agedQuota(status.windowQuota, now, taken);
  return windowQuota === status.windowQuota ? status : { ...status, windowQuota };
}

/** An administrator says that the cause is gone. */
export function reopened(status: LaneStatus, now: number): LaneStatus {
  if (status.state !== 'hot' && status.state !== 'blocked') return status;
  return { ...status, state: 'cooling', since: now, why: 'Opened again by the administrator; it sends little and climbs.', until: 0, climbedAt: now, perMinute: Math.max(1, status.perMinute), connections: Math.max(1, status.connections), windowQuota: undefined };
}

/** Nothing goes for at least so long, then at most this rate for so long. */
export function held(status: LaneStatus, now: number, hold: { readonly restMs: number } | { readonly perMinute: number; readonly connections: number; readonly forMs: number }, why: string): LaneStatus {
  if ('restMs' in hold) {
    if (status.until >= now + hold.restMs) return status;
    return { ...status, why, until: now + hold.restMs, restMs: hold.restMs };
  }
  const connections = status.connections > 0 ? Math.min(status.connections, hold.connections) : hold.connections;
  return { ...status, why, perMinute: Math.min(status.perMinute, hold.perMinute), connections, climbedAt: now + hold.forMs };
}

/** What was under way when the last complaint came says the same again. */
function isOldNews(status: LaneStatus, { admittedAt }: Complaint): boolean {
  return status.struckAt > 0 && admittedAt <= status.struckAt;
}

function strikesAt(status: LaneStatus, now: number): number {
  return now - status.struckAt > SHAPE_LIMITS.strikeMemoryMs ? 0 : status.strikes;
}

export function figure(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}
