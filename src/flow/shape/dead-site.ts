/**
 * Finds out that a site cannot be reached, or puts everything off, and when that is over: consecutive failures, as many as
 * there are places (one cohort), put it to rest. After the rest one delivery probes; it opens the site again, or the next rest
 * is twice as long, up to a cap. Any word of the peer that is no such failure opens it.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';

export interface DeadSiteState {
  readonly failedCohorts: number;
  /** Milliseconds since 1970; 0: the site is alive. */
  readonly restsUntil: number;
  readonly restMs: number;
  readonly probing: boolean;
  /** What the last failure said. */
  readonly lastError: string;
  /** It answers, and puts everything off. */
  readonly answers: boolean;
}

export const ALIVE: DeadSiteState = { failedCohorts: 0, restsUntil: 0, restMs: 0, probing: false, lastError: '', answers: false };

/** `places`: deliveries that may run at once. `restMaxMs` bounds the growth. `random` in [0, 1) spreads the probes. */
export function failedToConnect(state: DeadSiteState, input: { readonly now: number; readonly error: string; readonly places: number; readonly restMaxMs: number; readonly random: number; readonly answers?: boolean }): DeadSiteState {
  const failedCohorts = state.failedCohorts + 1 / Math.max(2, input.places);
  const base = { ...state, failedCohorts, lastError: input.error, answers: input.answers ?? false };
  // Those that were under way when the rest began tell nothing new.
  if (state.restsUntil > input.now && !state.probing) return base;
  if (!state.probing && failedCohorts < 1 - 1e-9) return base;
  const doubled = Math.max(SHAPE_LIMITS.deadRestMinMs, state.restMs * 2);
  const restMs = Math.min(doubled, input.restMaxMs);
  return { ...base, restMs, restsUntil: input.now + restMs + Math.floor((restMs / 10) * input.random), probing: false };
}

export function isDead(state: DeadSiteState): boolean {
  return state.restsUntil > 0;
}

/** What an admission must wait for; undefined: it may go (and is the probe, when the site is dead). */
export function deadWait(state: DeadSiteState, now: number): { readonly until?: number } | undefined {
  if (!isDead(state)) return undefined;
  if (state.probing) return {};
  // A clock that was set back must not make the rest longer than it was meant.
  const longest = state.restMs * 1.1;
  return state.restsUntil > now ? { until: Math.min(state.restsUntil, now + longest) } : undefined;
}
