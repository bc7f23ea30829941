/**
 * Warm-up: how much a new address may send to a site on a day, how it is spread over the day, and when it may be more. Pure.
 *
 * Policy: a receiver trusts what it has really seen. The next day's figure comes only after a day on which the site was
 * content (few temporary refusals, no complaint) and half of the figure was used; a figure that nobody uses does not grow.
 * A bad day is repeated, spread wider. A second complaint within a day, a block, or a complaint although the figure is
 * spread as widely as can be, steps back, at most once a day; each time that the same figure fails, it is longer until it
 * is tried again. The address is known, and the lane steady, when the figure has left room for some days or the table is
 * at its end; figures go on growing beyond the table in the same way, so that a known address does not jump either. Days
 * are UTC days.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { LaneState } from '../../contract/sending.ts';

const DAY_MS = 86_400_000;
/** Of the figure: from here on a day counts for the next one; from there on the figure holds mail back. */
const USED_SHARE = 0.5;
const TIGHT_SHARE = 0.75;
const EASY_DAYS = 7;
/** What a good day takes back of the wider spreading. */
const NARROWER = 0.9;
/** Beyond the table: from figure to figure, and how often. */
const GROWTH_BEYOND = 1.5;
const BEYOND_MAX = 20;
const SETBACKS_MAX = 4;

/** Of a lane's status, what warm-up reads and changes. */
export interface WarmStatus {
  readonly state: LaneState;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** One sentence. */
  readonly why: string;
  /** Position in the profile's warm-up figures; -1: none. */
  readonly warmDay: number;
  /** Its figures no longer hold mail back, or have reached their end. */
  readonly known: boolean;
  /** Good days in a row on which the figure left room. */
  readonly easyDays: number;
  /** The day's figure is spread over so many times the usual minutes. */
  readonly spread: number;
  /** Times that the position `failedDay` drew complaints, and good days to wait before it is tried again. */
  readonly setbacks: number;
  readonly failedDay: number;
  readonly holdDays: number;
  /** UTC day of the last step back. */
  readonly steppedOn: number;
}

export interface DayFigures {
  readonly sent: number;
  readonly deferred: number;
  readonly complaints: number;
  /** The site was found to take less than the figure. */
  readonly held?: boolean;
}

export function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

/** Milliseconds since 1970 at which the next UTC day begins. */
export function nextDayAt(now: number): number {
  return (dayOf(now) + 1) * DAY_MS;
}

/** Messages of this day; undefined: no limit. */
export function dayLimit({ warmDay }: Pick<WarmStatus, 'warmDay'>, figures: readonly number[] | undefined): number | undefined {
  if (warmDay < 0 || !figures) return undefined;
  const last = figures.length - 1;
  const beyond = Math.min(Math.max(0, warmDay - last), BEYOND_MAX);
  return Math.round((figures[Math.min(warmDay, last)] ?? 0) * GROWTH_BEYOND ** beyond);
}

/** Messages a minute at which a day's figure is spread. */
export function pacePerMinute(limit: number, spread: number): number {
  return Math.max(SHAPE_LIMITS.warmUpPerMinuteMin, limit / SHAPE_LIMITS.warmUpMinutes) / spread;
}

/** A day with these figures is over. */
export function afterDay<Status extends WarmStatus>(status: Status, day: DayFigures, figures: readonly number[] | undefined, now: number): Status {
  const limit = dayLimit(status, figures);
  if (limit === undefined || !figures || day.sent === 0) return status;
  const good = day.complaints === 0 && day.deferred / (day.sent + day.deferred) <= SHAPE_LIMITS.ratioGood;
  if (!good) return { ...status, easyDays: 0, why: `The day's figure of ${limit} is repeated: ${day.deferred} of ${day.sent + day.deferred} were put off${day.complaints > 0 ? ', and the site complained' : ''}.` };
  // What was not sent because the site takes no more leaves no room, and a larger figure would change nothing.
  if (day.held) return { ...status, easyDays: 0, why: `The day's figure of ${limit} stays: ${day.sent} were sent, and the site takes no more a day for now.` };
  const easyDays = day.sent < limit * TIGHT_SHARE ? status.easyDays + 1 : 0;
  // What failed is tried again as widely spread as it can be.
  const spread = status.setbacks > 0 ? status.spread : Math.max(1, status.spread * NARROWER);
  const next = promoted({ ...status, easyDays, spread }, day, limit, figures);
  const known = easyDays >= EASY_DAYS || next.warmDay >= figures.length || (status.known && easyDays > 0);
  return named({ ...next, known }, dayLimit(next, figures) ?? limit, day, now);
}

function promoted<Status extends WarmStatus>(status: Status, { sent }: DayFigures, limit: number, figures: readonly number[]): Status {
  if (sent < limit * USED_SHARE) return status;
  if (status.holdDays > 0) return { ...status, holdDays: status.holdDays - 1 };
  const warmDay = Math.min(status.warmDay + 1, figures.length - 1 + BEYOND_MAX);
  return { ...status, warmDay, setbacks: status.warmDay >= status.failedDay ? 0 : status.setbacks };
}

/** Resting and cooling lanes keep their state; it becomes what is known when they have recovered. */
function named<Status extends WarmStatus>(status: Status, limit: number, { sent, deferred }: DayFigures, now: number): Status {
  if (status.state !== 'warming' && status.state !== 'cold' && status.state !== 'steady') return status;
  const state = status.known ? 'steady' : 'warming';
  const why = status.known ? `This address is known here for up to ${limit} messages a day.` : `The day was good: ${sent} sent, ${deferred} put off. The figure is ${limit} a day.`;
  return { ...status, state, why, since: state === status.state ? status.since : now };
}

/** A complaint came. `gravely`: not the first one within a day, or a block. */
export function setBack<Status extends WarmStatus>(status: Status, now: number, gravely: boolean): Status {
  if (status.warmDay < 0) return status;
  const wider = { ...status, easyDays: 0, spread: Math.min(SHAPE_LIMITS.warmUpSpreadMax, status.spread * SHAPE_LIMITS.warmUpSpreadFactor) };
  if (status.steppedOn === dayOf(now) || !(gravely || status.spread >= SHAPE_LIMITS.warmUpSpreadMax)) return wider;
  const setbacks = status.warmDay > status.failedDay ? 1 : Math.min(SETBACKS_MAX, status.setbacks + 1);
  return { ...wider, warmDay: Math.max(0, status.warmDay - 1), setbacks, failedDay: status.warmDay, holdDays: 2 ** (setbacks - 1), steppedOn: dayOf(now) };
}
