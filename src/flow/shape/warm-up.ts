/**
 * Warm-up: how much a new address may send to a site on a day, and when it may send more. Pure.
 *
 * Policy: the next day's figure comes only after a day on which the site was content: few temporary refusals, no
 * complaint, and enough mail to mean something (a quarter of the figure; or three good days with less). A bad day is
 * repeated; a complaint steps back (lane-status.ts). Days are UTC days.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { LaneStatus } from './lane-status.ts';

const DAY_MS = 86_400_000;
const MEANINGFUL_SHARE = 0.25;
const QUIET_DAYS = 3;

export interface DayFigures {
  readonly sent: number;
  readonly deferred: number;
  readonly complaints: number;
}

export function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

/** Milliseconds since 1970 at which the next UTC day begins. */
export function nextDayAt(now: number): number {
  return (dayOf(now) + 1) * DAY_MS;
}

/** Messages of this day; undefined: no limit. */
export function dayLimit(status: LaneStatus, figures: readonly number[] | undefined): number | undefined {
  return status.warmDay < 0 || !figures ? undefined : figures[Math.min(status.warmDay, figures.length - 1)];
}

/** A day with these figures is over. */
export function afterDay(status: LaneStatus, day: DayFigures, figures: readonly number[] | undefined, now: number): LaneStatus {
  const limit = dayLimit(status, figures);
  if (limit === undefined || day.sent === 0) return status;
  const good = day.complaints === 0 && day.deferred / (day.sent + day.deferred) <= SHAPE_LIMITS.ratioGood;
  if (!good) return { ...status, quietDays: 0, why: `The day's figure of ${limit} is repeated: ${day.deferred} of ${day.sent + day.deferred} were put off${day.complaints > 0 ? ', and the site complained' : ''}.` };
  const enough = day.sent >= limit * MEANINGFUL_SHARE || status.quietDays + 1 >= QUIET_DAYS;
  if (!enough) return { ...status, quietDays: status.quietDays + 1 };
  const warmDay = status.warmDay + 1;
  if (warmDay < (figures?.length ?? 0)) return { ...status, warmDay, quietDays: 0, why: `The day was good: ${day.sent} sent, ${day.deferred} put off. The next figure is ${figures?.[warmDay] ?? 0} a day.` };
  const done = { ...status, warmDay: -1, quietDays: 0, why: 'The warm-up is done: this address is known here.' };
  return status.state === 'warming' || status.state === 'cold' ? { ...done, state: 'steady', since: now } : done;
}
