/** The guard in the server: looks every half hour whether a whole examination is due or something is in doubt. */
import { GUARD_LIMITS } from '../base/guard-limits.ts';
import { DEFAULT_GUARD } from '../config/guard-settings.ts';
import type { Chore } from '../contract/chores.ts';
import type { GuardControl } from '../contract/guard.ts';
import { createGuard, wholeRunDue } from '../manage/doctor/guard-runner.ts';
import type { Inspection } from '../manage/inspection/inspection.ts';
import type { ManageContext } from '../manage/verb.ts';

export function createServerGuard(context: Omit<ManageContext, 'guard'> & { readonly inspection: Inspection }): GuardControl {
  return createGuard({ context, examine: (question) => context.inspection.examine(question) });
}

/** The settings are read at each turn: a reload may have changed them. */
export function guardChore(context: ManageContext & { readonly guard: GuardControl }): Chore {
  return {
    name: 'guard',
    everyMs: GUARD_LIMITS.tickMs,
    run: async ({ signal }) => {
      const { everyMs } = context.config.guard ?? DEFAULT_GUARD;
      if (everyMs === 0) return;
      if (await wholeRunDue(context, everyMs)) await context.guard.run(signal);
      else await context.guard.lookAgain(signal);
    },
  };
}
