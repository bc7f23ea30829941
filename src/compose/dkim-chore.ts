/** Drives the changes of DKIM keys, and begins those that are due by age ([dkim] rotate-every). */
import { DKIM_ROTATION_LIMITS } from '../base/dkim-limits.ts';
import { Semaphore } from '../base/semaphore.ts';
import type { Chore } from '../contract/chores.ts';
import type { RotationRow } from '../store/clients/dkim-rotations.ts';
import { advanceRotation, rotationPlans, startRotation, type RotationContext } from '../manage/dkim/rotation.ts';

const EVERY_MS = 3_600_000;
const AGAIN_MS_MIN = 60_000;

export function dkimChore(context: RotationContext): Chore {
  return {
    name: 'dkim-rotation',
    everyMs: EVERY_MS,
    run: async ({ now, signal }) => {
      const swept = await context.store.keys.sweep(DKIM_ROTATION_LIMITS.unusedKeyKeptMs);
      if (swept > 0) context.log.info('dkim.unused-keys-deleted', { keys: swept });
      await startDue(context, now);
      const running = (await context.store.dkimRotations.list()).filter(({ phase }) => phase !== 'done');
      // The keys of one domain share its zone: one after the other.
      const places = new Semaphore(DKIM_ROTATION_LIMITS.domainsAtOnce);
      const times = await Promise.all([...Map.groupBy(running, ({ domain }) => domain).values()].map((rows) => places.run(() => advanceDomain(context, rows, now, signal))));
      const nextAt = Math.min(now + EVERY_MS, ...times.flat());
      return { againInMs: Math.max(nextAt - context.clock.now(), AGAIN_MS_MIN) };
    },
  };
}

/** When each is to be looked at again. */
async function advanceDomain(context: RotationContext, rows: readonly RotationRow[], now: number, signal: AbortSignal): Promise<readonly number[]> {
  const times: number[] = [];
  for (const row of rows) {
    if (signal.aborted) break;
    // What is told already and waits for its time costs nobody a look-up.
    const after = row.dueAt > now && (row.toldAt !== null || row.publishedAt !== null) ? row : await advanceRotation(context, row);
    if (after.phase !== 'done') times.push(after.dueAt);
  }
  return times;
}

async function startDue(context: RotationContext, now: number): Promise<void> {
  const { store, config, log } = context;
  const everyMs = config.dkim.rotateEveryMs ?? 0;
  if (everyMs === 0) return;
  const [keys, rotations] = await Promise.all([store.keys.list(), store.dkimRotations.list()]);
  const old = keys.filter(({ state, createdAt }) => state === 'active' && now - createdAt >= everyMs);
  for (const domain of new Set(old.map((key) => key.domain))) {
    for (const plan of await rotationPlans(context, domain)) {
      const due = old.some((key) => key.domain === domain && [plan.oldSelector, ...plan.furtherOld].includes(key.selector));
      const busy = rotations.some((row) => row.domain === domain && row.algorithm === plan.algorithm && row.phase !== 'done');
      if (!due || busy) continue;
      await startRotation(context, plan, false).catch((error: unknown) => log.warn('dkim.rotation-failed', { domain, error: String(error) }));
    }
  }
}
