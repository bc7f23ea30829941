/** What providers tell about our mail, by day and domain or address. */
import type { DashboardFigures, DashboardProvider, DashboardRun } from '../../contract/dashboards.ts';
import type { StoreCall } from '../call.ts';
import type { DashboardAlarm } from '../ops/dashboards.ts';

export type { DashboardAlarm } from '../ops/dashboards.ts';

const ROWS_MAX = 20_000;

export interface DashboardStore {
  /** Replaces what is known of the same day and subject. */
  put(figures: readonly DashboardFigures[]): Promise<void>;
  /** Of days from this one (`2026-11-20`) on, the newest first. */
  since(day: string): Promise<readonly DashboardFigures[]>;
  /** The newest figures of each domain and address, of days from this one on. */
  latest(day: string): Promise<readonly DashboardFigures[]>;
  noteRun(run: DashboardRun): Promise<void>;
  runs(): Promise<readonly DashboardRun[]>;
  /** What the postmaster was told and is still so. */
  alarms(): Promise<readonly DashboardAlarm[]>;
  raise(alarm: DashboardAlarm, at: number): Promise<void>;
  settle(alarm: DashboardAlarm): Promise<void>;
  /** Forgets days before this one. */
  prune(before: string): Promise<void>;
}

export function createDashboardStore(call: StoreCall): DashboardStore {
  const since = async (day: string): Promise<readonly DashboardFigures[]> => (await call('dashboards.since', { day, limit: ROWS_MAX })).map(({ figures }) => JSON.parse(figures) as DashboardFigures);
  return {
    put: (rows) => call('dashboards.put', { rows: rows.map((one) => ({ provider: one.provider, subject: one.subject, day: one.day, figures: JSON.stringify(one) })) }),
    since,
    latest: async (day) => [...Map.groupBy(await since(day), ({ provider, subject }) => `${provider} ${subject}`).values()].flatMap(([newest]) => (newest ? [newest] : [])),
    noteRun: (run) => call('dashboards.noteRun', run),
    runs: async () => (await call('dashboards.runs', {})).map(({ provider, at, ok, detail }) => ({ provider: provider as DashboardProvider, at, ok: ok === 1, detail })),
    alarms: () => call('dashboards.alarms', {}),
    raise: (alarm, at) => call('dashboards.raise', { ...alarm, at }),
    settle: (alarm) => call('dashboards.settle', alarm),
    prune: (before) => call('dashboards.prune', { before }),
  };
}
