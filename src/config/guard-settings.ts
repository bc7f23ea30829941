/** The table [guard] of posthorn.toml: what the server examines by itself. */
import { setting, table } from './setting.ts';
import * as value from './values.ts';

export interface GuardConfig {
  /** Milliseconds between two whole examinations; 0: none. */
  readonly everyMs: number;
}

const DAY_MS = 86_400_000;

export const DEFAULT_GUARD: GuardConfig = { everyMs: DAY_MS };

export const guard = table('The guard: the server examines itself as `posthorn doctor` does, and tells the postmaster what changed for the worse, once.', {
  every: setting(value.durationOrZero(), 'Time between two examinations; a little more or less, so that servers do not all ask at once. 0: the guard is off.', '1d'),
});

export function guardConfigOf({ every }: { readonly every: number }): GuardConfig {
  return { everyMs: every };
}

/** What is wrong with the interval; undefined: nothing. */
export function wrongGuardInterval(everyMs: number): string | undefined {
  return everyMs > 0 && everyMs < HOUR_MS ? 'must be at least "1h", or 0 for no guard' : undefined;
}

const HOUR_MS = 3_600_000;
