/** Verb on the dashboards of providers: what they said of late, and whether they could be read. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import type { DashboardFigures, DashboardRun } from '../../contract/dashboards.ts';
import { defineVerb, type ManageContext } from '../verb.ts';
import { readDashboards } from './dashboard-chore.ts';

export interface DashboardListing {
  /** Providers of the configuration. */
  readonly configured: readonly string[];
  readonly runs: readonly DashboardRun[];
  /** The newest day of each domain and address first. */
  readonly figures: readonly DashboardFigures[];
}

const DAY_MS = 86_400_000;
const DAY_CHARS = 10;
const DAYS_MAX = 400;

const show = defineVerb({
  name: 'report.dashboards',
  summary: 'Gives what Google Postmaster Tools and Microsoft SNDS said of late; with refresh, asks them now.',
  args: z.strictObject({ days: z.number().int().min(1).max(DAYS_MAX).default(14), all: z.boolean().default(false), refresh: z.boolean().default(false) }),
  run: async (context: ManageContext, { days, all, refresh }): Promise<DashboardListing> => {
    const { store, config, clock } = context;
    if (refresh && !context.fetch) throw new Failure('not-running', 'dashboards are read by the running server: start it, or leave --refresh out', { temporary: false });
    if (refresh) await readDashboards(context, clock.now(), new AbortController().signal);
    const from = new Date(clock.now() - days * DAY_MS).toISOString().slice(0, DAY_CHARS);
    return {
      configured: (config.dashboards ?? []).map(({ provider }) => provider),
      runs: await store.dashboards.runs(),
      figures: await (all ? store.dashboards.since(from) : store.dashboards.latest(from)),
    };
  },
});

export const dashboardVerbs = [show] as const;
