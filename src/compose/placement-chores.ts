/** Seed accounts in the server: test messages as often as the settings say, and reading while mail is on its way. */
import { PLACEMENT_LIMITS } from '../base/placement-limits.ts';
import { DEFAULT_PLACEMENT } from '../config/placement-settings.ts';
import type { Chore } from '../contract/chores.ts';
import type { ManageContext } from '../manage/verb.ts';
import type { Installation } from './installation.ts';

const HOUR_MS = 3_600_000;
/** So long a message that was just taken is looked for often. */
const FRESH_MS = 2 * HOUR_MS;

/** Loaded by those who have seeds. */
export function placementChores(context: ManageContext, installation: Installation): readonly Chore[] {
  return [testing(context, installation), reading(context, installation)];
}

/** The settings are read at each turn: a reload may have changed them. */
function testing(context: ManageContext, installation: Installation): Chore {
  const { store, config, log } = context;
  let testedAt: number | undefined;
  return {
    name: 'placement.test',
    everyMs: HOUR_MS,
    run: async ({ now }) => {
      const { everyMs } = config.placement ?? DEFAULT_PLACEMENT;
      if (everyMs === 0 || (await store.placement.seeds()).length === 0) return;
      testedAt ??= await store.chores.lastRunAt(SENT);
      // An hour's turn may come a moment early.
      if (testedAt !== undefined && now - testedAt < everyMs - HOUR_MS / 2) return;
      const { sendTests } = await installation.load('placement', () => import('../manage/sending/placement.ts'));
      testedAt = now;
      await store.chores.ran(SENT, now);
      const { sent } = await sendTests(context, {});
      log.info('placement.tested', { seeds: sent.length });
    },
  };
}

const SENT = 'placement.sent';

function reading(context: ManageContext, installation: Installation): Chore {
  const { store, log } = context;
  return {
    name: 'placement.read',
    everyMs: HOUR_MS,
    run: async ({ now }) => {
      if ((await store.placement.seeds()).length === 0) return undefined;
      const { collectSeeds } = await installation.load('seeds', () => import('../placement/seeds.ts'));
      const { found, missing, waiting, troubles } = await collectSeeds(context);
      for (const { seed, trouble } of troubles) log.warn('placement.unreadable', { seed, trouble });
      for (const { seed, place, stream, messageId } of [...found, ...missing]) log.info('placement.seen', { seed, place, stream, messageId });
      const fresh = waiting > 0 && (await store.placement.list({ since: now - FRESH_MS, until: now + FRESH_MS, limit: 1 })).length > 0;
      return fresh ? { againInMs: PLACEMENT_LIMITS.readEveryMs } : undefined;
    },
  };
}
