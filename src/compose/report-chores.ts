/** Forgets reports of others when their time is over, once a day. */
import { DEFAULT_FEEDBACK } from '../config/feedback-config.ts';
import type { Chore } from '../contract/chores.ts';
import type { ManageContext } from '../manage/verb.ts';

export function createReportRetentionChore({ config, store, log }: Pick<ManageContext, 'config' | 'store' | 'log'>): Chore {
  return {
    name: 'report-retention',
    everyMs: 86_400_000,
    run: async ({ now }) => {
      const forgotten = await store.reports.prune(now - (config.feedback ?? DEFAULT_FEEDBACK).keepMs);
      if (forgotten > 0) log.info('report.forgotten', { reports: forgotten });
    },
  };
}
