/** The table [sieve] of posthorn.toml: its settings, and what the program makes of them. */
import { setting, optional, table } from './setting.ts';
import * as value from './values.ts';

export interface SieveConfig {
  /** Milliseconds; 0: a script may answer every message. Default a day. */
  readonly vacationMinPeriodMs: number;
  /** Absolute paths; run before the script of the account, and after it. Default none. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Where `include :global` finds scripts, named NAME.sieve. Default: nowhere. */
  readonly globalFolder?: string;
}

export const DEFAULT_SIEVE: SieveConfig = { vacationMinPeriodMs: 86_400_000, before: [], after: [] };

export const sieve = table('Sieve scripts, by which users sort their mail.', {
  'vacation-min-period': setting(value.durationOrZero(), 'A script answers one sender at most once in this time, whatever it says; 0 lets it answer every message.', '1d'),
  before: setting(value.listOf(value.path()), 'Scripts that run before that of the account, in this order, as long as they leave the message to the next.', []),
  after: setting(value.listOf(value.path()), 'Scripts that run after it, if it left the message in the inbox.', []),
  'global-folder': optional(value.path(), 'Folder of scripts, NAME.sieve, that all users may include with `include :global`.', 'none'),
});

interface SieveTable {
  readonly 'vacation-min-period': number;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly 'global-folder'?: string | undefined;
}

export function sieveConfigOf(read: SieveTable, absolute: (path: string) => string): SieveConfig {
  const folder = read['global-folder'];
  return {
    vacationMinPeriodMs: read['vacation-min-period'],
    before: read.before.map(absolute),
    after: read.after.map(absolute),
    ...(folder === undefined ? {} : { globalFolder: absolute(folder) }),
  };
}
