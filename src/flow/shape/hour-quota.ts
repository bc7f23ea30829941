/**
 * What a site takes from a lane within an hour, for sites that count by the hour: a rate per minute alone would find out
 * again and again. Pure.
 *
 * Policy: at a rate complaint the lane looks at what went through in the hour before. That hour, and not the minute, was
 * too much when the complaint came at less than half of a rate that had been taken, or after about as much as the time
 * before. Then nine tenths of it may go within any hour, a part of which is kept from bulk mail; after some hours of
 * patience, longer each time that the same figure fails, it grows by a tenth for each hour in which it was used. It is
 * forgotten when it has doubled, or after a week without complaint.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';

const HOUR_MS = 3_600_000;
const MINUTES = 60;
/** Of what went through in the hour before a complaint, so much may go; fewer messages than these teach nothing. */
const SHARE = 0.9;
const TOOK_MIN = 10;
/** The figure does not grow for so long, doubling each time it fails up to the last; then by this share for each hour of use. */
const PATIENCE_MIN_MS = 6 * HOUR_MS;
const PATIENCE_MAX_MS = 24 * HOUR_MS;
const GROWTH = 0.1;
const USED_SHARE = 0.5;

/** Part of a lane's status. */
export interface HourQuota {
  /** Messages that went through in the hour before the latest complaint. */
  readonly took: number;
  /** Messages that may go within an hour; 0: the complaint was not clearly about the hour. */
  readonly perHour: number;
  /** Milliseconds since 1970: of the latest complaint, and when the figure last grew or could have. */
  readonly since: number;
  readonly grownAt: number;
  /** How often about the same figure was too much. */
  readonly times: number;
}

/** What a complaint came after. Rates in messages a minute. */
export interface HourBefore {
  readonly now: number;
  readonly took: number;
  readonly rate: number;
  /** Of the hour. */
  readonly busiestMinute: number;
  /** At which the complaint before came; 0: unknown. */
  readonly knee: number;
}

/** A rate complaint came. */
export function afterComplaint(quota: HourQuota | undefined, hour: HourBefore): HourQuota | undefined {
  const { now, took } = hour;
  if (took < TOOK_MIN) return quota;
  const again = quota !== undefined && took > quota.took / 2 && took < quota.took * 2;
  if (!isAboutTheHour(quota, hour, again)) return { took, perHour: quota?.perHour ?? 0, since: now, grownAt: now, times: quota?.times ?? 0 };
  return { took, perHour: Math.floor(took * SHARE), since: now, grownAt: now, times: again ? quota.times + 1 : 1 };
}

function isAboutTheHour(quota: HourQuota | undefined, { took, rate, busiestMinute, knee }: HourBefore, again: boolean): boolean {
  if (rate <= Math.max(busiestMinute, knee) / 2) return true;
  if (!again) return false;
  // At this rate for half of the hour or more: the minute explains it as well.
  return quota !== undefined && (quota.perHour > 0 || took < (rate * MINUTES) / 2);
}

/** What time changes. `used`: messages that were taken in the hour up to now. */
export function grownQuota(quota: HourQuota, now: number, used: number): HourQuota | undefined {
  if (now - quota.since > SHAPE_LIMITS.hourMemoryMs) return undefined;
  // Written down by a clock that was ahead.
  if (quota.since > now) return { ...quota, since: now, grownAt: now };
  if (quota.perHour === 0 || now < growsAt(quota)) return quota;
  const unused = used < quota.perHour * USED_SHARE;
  const perHour = unused ? quota.perHour : quota.perHour + Math.max(1, Math.floor(quota.perHour * GROWTH));
  return perHour >= 2 * quota.took ? undefined : { ...quota, perHour, grownAt: now };
}

/** Milliseconds since 1970 when it may be more, if it is used. */
export function growsAt({ since, grownAt, times }: HourQuota): number {
  const patienceMs = Math.min(PATIENCE_MAX_MS, PATIENCE_MIN_MS * 2 ** Math.max(0, times - 1));
  return Math.max(since + patienceMs, grownAt + HOUR_MS);
}

/** Of the figure, what mail of this kind may use; at least one. */
export function usableOf({ perHour }: HourQuota, bulk: boolean): number {
  return Math.max(1, bulk ? Math.floor(perHour * (1 - SHAPE_LIMITS.reserveShare)) : perHour);
}
