/** The guard in the server: looks every half hour whether a whole examination is due or something is in doubt. */
import { GUARD_LIMITS } from '../base/guard-limits.ts';
import { DEFAULT_GUARD } from '../config/guard-settings.ts';
import type { Chore } from '../contract/chores.ts';
import type { GuardControl } from '../contract/guard.ts';
import { createGuard, wholeRunDue } from '../manage/doctor/guard-runner.ts';
import type { ManageContext } from '../manage/verb.ts';
import { createResolver } from '../net/resolver.ts';
import { systemNameServers } from '../net/resolv-conf.ts';

/** With resolvers that remember nothing, each asking another of the configured servers first. */
export function createServerGuard(context: Omit<ManageContext, 'guard'>): GuardControl {
  const { config, clock, log } = context;
  return createGuard({
    context,
    freshDns: (turn) => {
      const { servers, trustAd } = config.dns;
      const known = servers.length > 0 ? servers : systemNameServers();
      const first = known.length === 0 ? 0 : turn % known.length;
      return createResolver({ servers: [...known.slice(first), ...known.slice(0, first)], trustAd, clock, log });
    },
  });
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
