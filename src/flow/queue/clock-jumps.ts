/**
 * Notices that the wall clock was set: it moved further, or less far, than time has passed. A machine that slept looks
 * the same as one whose clock was wrong for a moment, so whoever acts upon a date waits for a while after a jump ahead.
 */
import type { Clock } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';

export const JUMP_NONE = 'none';

export interface Jump {
  /** Since the last look. */
  readonly wentBack: boolean;
  /** Milliseconds for which dates are not believed yet. */
  readonly graceLeftMs: number;
}

export function watchJumps(clock: Clock): { look(): typeof JUMP_NONE | Jump } {
  let offset = clock.now() - clock.monotonic();
  let graceUntil = Number.NEGATIVE_INFINITY;
  return {
    look() {
      const monotonic = clock.monotonic();
      const moved = clock.now() - monotonic - offset;
      const wentBack = moved < -QUEUE_LIMITS.clockJumpMs;
      // Small differences are a clock that runs a little too fast or slow.
      offset += moved;
      if (Math.abs(moved) > QUEUE_LIMITS.clockJumpMs) {
        graceUntil = moved > 0 ? monotonic + QUEUE_LIMITS.expiryGraceMs : Number.NEGATIVE_INFINITY;
      }
      const graceLeftMs = Math.max(0, graceUntil - monotonic);
      return wentBack || graceLeftMs > 0 ? { wentBack, graceLeftMs } : JUMP_NONE;
    },
  };
}
