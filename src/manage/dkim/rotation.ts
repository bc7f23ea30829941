/**
 * Key rotations as they are started, driven and ended: this file does what rotation-step.ts decides, and tells people.
 * Every act may be repeated: a server that dies between two of them takes the rotation up where the store has it.
 */
import { Failure } from '../../base/errors.ts';
import type { RotationRow } from '../../store/clients/dkim-rotations.ts';
import type { KeyRow } from '../../store/ops/keys.ts';
import type { DkimAlgorithm } from '../../store/dkim-key.ts';
import { hostedDomain } from '../directory/hosted-domain.ts';
import type { ManageContext } from '../verb.ts';
import { publishKeyRecord, type KeyPublishing } from './key-publishing.ts';
import { lookUpKey } from './key-sighting.ts';
import { isGone, nextStep } from './rotation-step.ts';
import { rotationNote } from './rotation-text.ts';

export type RotationContext = Pick<ManageContext, 'store' | 'config' | 'dns' | 'clock' | 'log' | 'network' | 'ownMail' | 'publishing'>;

const DEFAULT_KEEP_MS = 7 * 86_400_000;
/** Who has not published for so long is told again. */
const REMIND_MS = 7 * 86_400_000;
/** Steps of one look: each phase once. */
const STEPS_MAX = 5;

/** Never shorter than mail may wait here with a signature of the old key. */
export function keepOldMs({ config }: Pick<ManageContext, 'config'>): number {
  return Math.max(config.dkim.keepAfterRotationMs ?? DEFAULT_KEEP_MS, config.queue.lifetimeMs);
}

export interface RotationPlan {
  readonly domain: string;
  readonly algorithm: DkimAlgorithm;
  /** The oldest key; '' when there is none. */
  readonly oldSelector: string;
  /** Other keys of the algorithm that sign: all give way to the new one. */
  readonly furtherOld: readonly string[];
}

/** One for each algorithm that signs for the domain; for one without keys, RSA. Failure `domain-unknown`. */
export async function rotationPlans({ store }: Pick<ManageContext, 'store'>, name: string): Promise<readonly RotationPlan[]> {
  const domain = await hostedDomain({ store }, name);
  const active = (await store.keys.list(domain)).filter(({ state }) => state === 'active').toSorted((one, other) => one.createdAt - other.createdAt);
  if (active.length === 0) return [{ domain, algorithm: 'rsa-sha256', oldSelector: '', furtherOld: [] }];
  return [...Map.groupBy(active, ({ algorithm }) => algorithm)].map(([algorithm, keys]) => {
    const [oldSelector = '', ...furtherOld] = keys.map(({ selector }) => selector);
    return { domain, algorithm, oldSelector, furtherOld };
  });
}

/** Makes the new key, which does not sign yet. Failure `rotation-under-way`. `told`: the caller tells what to publish. */
export async function startRotation({ store, clock, log }: RotationContext, { domain, algorithm, oldSelector, furtherOld }: RotationPlan, told: boolean): Promise<RotationRow> {
  const now = clock.now();
  const [running] = (await store.dkimRotations.list(domain)).filter((row) => row.algorithm === algorithm && row.phase !== 'done');
  if (running) throw new Failure('rotation-under-way', `the ${algorithm} key of ${domain} is being changed already: posthorn dkim rotate status ${domain}`, { temporary: false });
  const begins = (newSelector: string): RotationRow => ({ domain, algorithm, oldSelector, furtherOld, newSelector, phase: 'publishing', startedAt: now, dueAt: now, switchedAt: null, retiredAt: null, toldAt: told ? now : null, publishedAt: null, trouble: '' });
  const key = await store.keys.create({ domain, algorithm, at: now, state: 'published', begins });
  log.info('dkim.rotation-started', { domain, algorithm, selector: key.selector });
  return begins(key.selector);
}

/** Only while the old key still signs: the new one goes away, and its record where we published it. Failure `rotation-too-far`. */
export async function cancelRotation(context: RotationContext, row: RotationRow): Promise<KeyPublishing> {
  const { store, log } = context;
  if (row.switchedAt !== null) {
    throw new Failure('rotation-too-far', `${row.newSelector} signs for ${row.domain} already: leave its record in the DNS and let the rotation end, or start the next one`, { temporary: false });
  }
  await store.keys.cancelRotation(row);
  log.info('dkim.rotation-cancelled', { domain: row.domain, selector: row.newSelector });
  return publishKeyRecord(context, row.domain, row.newSelector);
}

/** Goes on as far as it can now. */
export async function advanceRotation(context: RotationContext, start: RotationRow): Promise<RotationRow> {
  let row = start;
  for (let step = 0; step < STEPS_MAX && row.phase !== 'done'; step += 1) {
    const next = await advanceOnce(context, row);
    const moved = next.phase !== row.phase;
    row = next;
    if (!moved) break;
  }
  return tell(context, row);
}

async function advanceOnce(context: RotationContext, start: RotationRow): Promise<RotationRow> {
  const { store, clock, log } = context;
  const { row, failure } = await placed(context, start);
  const keys = await store.keys.list(row.domain);
  const fresh = keys.find(({ selector }) => selector === row.newSelector);
  if (!fresh) {
    // Somebody removed the key by hand, so there is nothing left to change to, and its record is no use to anybody.
    await publishKeyRecord(context, row.domain, row.newSelector);
    await store.dkimRotations.remove(row);
    return { ...row, phase: 'done', trouble: 'The new key was removed.' };
  }
  const { row: after, act } = nextStep(row, { now: clock.now(), keepOldMs: keepOldMs(context), ...(await sight(context, row, fresh, keys)) });
  // Why it cannot be published says more than that it is not seen.
  const next = failure !== undefined && after.phase === row.phase ? { ...after, trouble: failure } : after;
  if (act === 'switch') await store.dkimRotations.switchKeys(next);
  else {
    if (act === 'retire') for (const old of [row.oldSelector, ...row.furtherOld]) await store.keys.remove(row.domain, old);
    await store.dkimRotations.update(row.phase, next);
  }
  if (next.phase !== row.phase) log.info('dkim.rotation', { domain: row.domain, selector: row.newSelector, phase: next.phase });
  return next;
}

/** What the phase wants in the DNS is put there first, so that nobody asks for it in vain before. */
async function placed(context: RotationContext, row: RotationRow): Promise<{ readonly row: RotationRow; readonly failure?: string }> {
  const { domain, phase, newSelector, oldSelector, furtherOld } = row;
  if (phase !== 'publishing' && phase !== 'withdrawing') return { row };
  const outcomes: KeyPublishing[] = [];
  for (const selector of phase === 'publishing' ? [newSelector] : [oldSelector, ...furtherOld]) outcomes.push(await publishKeyRecord(context, domain, selector));
  const failed = outcomes.find((outcome) => outcome.kind === 'failed');
  if (failed) return { row: { ...row, publishedAt: null }, failure: failed.detail };
  return { row: { ...row, publishedAt: outcomes.every(({ kind }) => kind === 'in-place') ? (row.publishedAt ?? context.clock.now()) : null } };
}

async function sight(context: RotationContext, row: RotationRow, fresh: KeyRow, keys: readonly KeyRow[]): Promise<{ fresh?: Awaited<ReturnType<typeof lookUpKey>>; old?: Awaited<ReturnType<typeof lookUpKey>> }> {
  const due = context.clock.now() >= row.dueAt;
  if (row.phase === 'publishing' || (row.phase === 'waiting' && due)) return { fresh: await lookUpKey(context, fresh, keys) };
  if (row.phase !== 'withdrawing') return {};
  // Whatever key stands there, it is a record that is still to go. All of several have to be gone.
  const sightings: Awaited<ReturnType<typeof lookUpKey>>[] = [];
  for (const selector of [row.oldSelector, ...row.furtherOld]) sightings.push(await lookUpKey(context, { ...fresh, selector }));
  const old = sightings.find(({ state }) => !isGone(state)) ?? sightings[0];
  return old ? { old } : {};
}

/** Tells the postmaster once in each phase in which something is to be done; a mail that cannot go now goes the next time. */
async function tell(context: RotationContext, row: RotationRow): Promise<RotationRow> {
  const { store, clock, log, ownMail } = context;
  const now = clock.now();
  const settled = row.phase !== 'overlapping' && row.publishedAt !== null && now - row.publishedAt < REMIND_MS;
  const due = !settled && (row.toldAt === null || (row.phase === 'publishing' && now - row.toldAt >= REMIND_MS));
  const note = due ? rotationNote(row, await store.keys.list(row.domain)) : undefined;
  if (!note || !ownMail) return row;
  try {
    // That it is told is written in the commit that queues it.
    await ownMail.tellPostmaster({ ...note, domain: row.domain, tells: { kind: 'dkim-rotation', domain: row.domain, newSelector: row.newSelector, phase: row.phase, at: now } });
  } catch (error) {
    log.warn('dkim.rotation-not-told', { domain: row.domain, error: error instanceof Error ? error.message : String(error) });
    return row;
  }
  return { ...row, toldAt: now };
}
