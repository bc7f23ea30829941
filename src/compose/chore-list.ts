/** What this server does by itself now and then. */
import type { Chore } from '../contract/chores.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import { createDashboardChore } from '../manage/dashboards/dashboard-chore.ts';
import { createDmarcReportChore } from '../manage/reports-out/dmarc-reports.ts';
import { createTlsReportChore } from '../manage/reports-out/tls-reports.ts';
import { createListingsChore } from '../manage/addresses/ip-listings.ts';
import type { ManageContext } from '../manage/verb.ts';
import { dkimChore } from './dkim-chore.ts';
import { createReportRetentionChore } from './report-chores.ts';
import { guardChore } from './guard-chore.ts';
import { placementChores } from './placement-chores.ts';
import { sendingFiguresChore } from './sending-figures.ts';

export interface ChorePorts {
  readonly context: ManageContext;
  readonly ownMail: OwnMail;
}

export function choreList({ context, ownMail }: ChorePorts): readonly Chore[] {
  return [
    dkimChore(context),
    ...(context.guard ? [guardChore({ ...context, guard: context.guard })] : []),
    createReportRetentionChore(context),
    createDmarcReportChore(context, ownMail),
    createTlsReportChore(context, ownMail),
    createDashboardChore(context, ownMail),
    ...placementChores(context),
    sendingFiguresChore(context),
    createListingsChore(context),
  ];
}
