/**
 * Notices that the wall clock was set: it moved further, or less far, than time has passed. A machine that slept looks
 * the same as one whose clock was wrong for a moment, so whoever acts upon a date waits for a while after a jump ahead.
 */
import type { Clock } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';

export interface ClockJumps {
  /** Since the last time somebody asked. */
  wentBack(): boolean;
  /** Milliseconds for which nothing expires yet; 0 unless the clock has just jumped ahead. */
  graceLeftMs(): number;
}

export function watchJumps(clock: Clock): ClockJumps {
  let offset = clock.now() - clock.monotonic();
  let graceUntil = Number.NEGATIVE_INFINITY;
  let backUnseen = false;
  const notice = (): void => {
    const monotonic = clock.monotonic();
    const moved = clock.now() - monotonic - offset;
    // Small differences are a clock that runs a little too fast or slow.
    offset += moved;
    if (Math.abs(moved) <= QUEUE_LIMITS.clockJumpMs) return;
    backUnseen ||= moved < 0;
    // One that goes back again need not have gone back all the way.
    if (moved > 0) graceUntil = monotonic + QUEUE_LIMITS.expiryGraceMs;
  };
  return {
    wentBack() {
      notice();
      const went = backUnseen;
      backUnseen = false;
      return went;
    },
    graceLeftMs() {
      notice();
      return Math.max(0, graceUntil - clock.monotonic());
    },
  };
}
