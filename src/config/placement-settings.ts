/** The table [placement] of posthorn.toml: trying by itself where mail arrives at providers. */
import { optional, setting, table } from './setting.ts';
import * as value from './values.ts';

export interface PlacementConfig {
  /** Milliseconds between two test messages to every seed; 0: none. */
  readonly everyMs: number;
  /** Author of test messages. Absent: the postmaster of the origin domain. */
  readonly from?: string;
}

export const DEFAULT_PLACEMENT: PlacementConfig = { everyMs: 0 };

export const placement = table('Where our mail arrives at providers, seen in mailboxes of our own there (`posthorn placement seed add`).', {
  every: setting(value.durationOrZero(), 'Time between two test messages to each of those mailboxes. 0: only what users and programs send there anyway is looked for.', '0'),
  from: optional(value.mailAddress(), 'Author of the test messages; its domain is what is tried.', 'postmaster of the origin domain'),
});

export function placementConfigOf({ every, from }: { readonly every: number; readonly from?: string | undefined }): PlacementConfig {
  return { everyMs: every, ...(from === undefined ? {} : { from }) };
}

/** What is wrong with the interval; undefined: nothing. */
export function wrongPlacementInterval(everyMs: number): string | undefined {
  return everyMs > 0 && everyMs < HOUR_MS ? 'must be at least "1h", or 0 for no tests' : undefined;
}

const HOUR_MS = 3_600_000;
