/** What this server does by itself now and then. */
import type { Chore } from '../contract/chores.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import { createDmarcReportChore } from '../manage/reports-out/dmarc-reports.ts';
import { createTlsReportChore } from '../manage/reports-out/tls-reports.ts';
import type { ManageContext } from '../manage/verb.ts';
import { guardChore } from './guard-chore.ts';

export interface ChorePorts {
  readonly context: ManageContext;
  readonly ownMail: OwnMail;
}

export function choreList({ context, ownMail }: ChorePorts): readonly Chore[] {
  return [
    ...(context.guard ? [guardChore({ ...context, guard: context.guard })] : []),
    createDmarcReportChore(context, ownMail),
    createTlsReportChore(context, ownMail),
  ];
}
