/** What this server does by itself now and then. What few servers need is loaded when it is needed. */
import { DOCTOR_LIMITS } from '../base/doctor-limits.ts';
import { DASHBOARD_LIMITS } from '../base/report-limits.ts';
import type { Chore } from '../contract/chores.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import { createDmarcReportChore } from '../manage/reports-out/dmarc-reports.ts';
import { createTlsReportChore } from '../manage/reports-out/tls-reports.ts';
import type { ManageContext } from '../manage/verb.ts';
import { dkimChore } from './dkim-chore.ts';
import { createReportRetentionChore } from './report-chores.ts';
import { guardChore } from './guard-chore.ts';
import type { Installation } from './installation.ts';
import { placementChores } from './placement-chores.ts';
import { sendingFiguresChore } from './sending-figures.ts';

export interface ChorePorts {
  readonly context: ManageContext;
  readonly ownMail: OwnMail;
  readonly installation: Installation;
}

export function choreList({ context, ownMail, installation }: ChorePorts): readonly Chore[] {
  return [
    dkimChore(context),
    ...(context.guard ? [guardChore({ ...context, guard: context.guard })] : []),
    createReportRetentionChore(context),
    createDmarcReportChore(context, ownMail),
    createTlsReportChore(context, ownMail),
    dashboards({ context, ownMail, installation }),
    ...placementChores(context, installation),
    sendingFiguresChore(context),
    {
      name: 'ip-listings',
      everyMs: DOCTOR_LIMITS.listingsEveryMs,
      run: async (occasion) => (await installation.load('listings', () => import('../manage/addresses/ip-listings.ts'))).lookForListings(context, occasion.signal),
    },
  ];
}

/** Nothing is read where no dashboard is set up. */
function dashboards({ context, ownMail, installation }: ChorePorts): Chore {
  return {
    name: 'dashboards',
    everyMs: DASHBOARD_LIMITS.everyMs,
    run: async (occasion) => {
      if ((context.config.dashboards ?? []).length === 0) return;
      const { followDashboards } = await installation.load('dashboards', () => import('../manage/dashboards/dashboard-chore.ts'));
      return followDashboards(context, ownMail, occasion);
    },
  };
}
