/**
 * Key rotations as they are started, driven and ended: this file does what rotation-step.ts decides, and tells people.
 * Every act may be repeated: a server that dies between two of them takes the rotation up where the store has it.
 */
import { Failure } from '../../base/errors.ts';
import type { RotationRow } from '../../store/clients/dkim-rotations.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { KeyRow } from '../../store/ops/keys.ts';
import type { DkimAlgorithm } from '../../store/dkim-key.ts';
import type { ManageContext } from '../verb.ts';
import { publishKeyRecord, type KeyPublishing } from './key-publishing.ts';
import { lookUpKey } from './key-sighting.ts';
import { nextStep } from './rotation-step.ts';
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
  /** '' when there is none. */
  readonly oldSelector: string;
}

/** One for each algorithm that signs for the domain; for one without keys, RSA. Failure `domain-unknown`. */
export async function rotationPlans({ store }: Pick<ManageContext, 'store'>, name: string): Promise<readonly RotationPlan[]> {
  const domain = domainKey(name);
  const { domains } = await store.directory.snapshot();
  if (!domains.some((row) => row.name === domain)) throw new Failure('domain-unknown', `${domain} is not a domain of this server: add it with posthorn domain add ${domain}`, { temporary: false });
  const active = (await store.keys.list(domain)).filter(({ state }) => state === 'active').toSorted((one, other) => one.createdAt - other.createdAt);
  const oldest = new Map<DkimAlgorithm, string>();
  for (const { algorithm, selector } of active) if (!oldest.has(algorithm)) oldest.set(algorithm, selector);
  if (oldest.size === 0) oldest.set('rsa-sha256', '');
  return [...oldest].map(([algorithm, oldSelector]) => ({ domain, algorithm, oldSelector }));
}

/** Makes the new key, which does not sign yet. Failure `rotation-under-way`. `told`: the caller tells what to publish. */
export async function startRotation({ store, clock, log }: RotationContext, { domain, algorithm, oldSelector }: RotationPlan, told: boolean): Promise<RotationRow> {
  const now = clock.now();
  const [running] = (await store.dkimRotations.list(domain)).filter((row) => row.algorithm === algorithm && row.phase !== 'done');
  if (running) throw new Failure('rotation-under-way', `the ${algorithm} key of ${domain} is being changed already: posthorn dkim rotate status ${domain}`, { temporary: false });
  const begins = (newSelector: string): RotationRow => ({ domain, algorithm, oldSelector, newSelector, phase: 'publishing', startedAt: now, dueAt: now, switchedAt: null, retiredAt: null, toldAt: told ? now : null, publishedAt: null, trouble: '' });
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
    if (act === 'retire') await store.keys.remove(row.domain, row.oldSelector);
    await store.dkimRotations.update(row.phase, next);
  }
  if (next.phase !== row.phase) log.info('dkim.rotation', { domain: row.domain, selector: row.newSelector, phase: next.phase });
  return next;
}

/** What the phase wants in the DNS is put there first, so that nobody asks for it in vain before. */
async function placed(context: RotationContext, row: RotationRow): Promise<{ readonly row: RotationRow; readonly failure?: string }> {
  const { domain, phase, newSelector, oldSelector } = row;
  if (phase !== 'publishing' && phase !== 'withdrawing') return { row };
  const outcome = await publishKeyRecord(context, domain, phase === 'publishing' ? newSelector : oldSelector);
  if (outcome.kind === 'failed') return { row: { ...row, publishedAt: null }, failure: outcome.detail };
  return { row: { ...row, publishedAt: outcome.kind === 'in-place' ? (row.publishedAt ?? context.clock.now()) : null } };
}

async function sight(context: RotationContext, row: RotationRow, fresh: KeyRow, keys: readonly KeyRow[]): Promise<{ fresh?: Awaited<ReturnType<typeof lookUpKey>>; old?: Awaited<ReturnType<typeof lookUpKey>> }> {
  const due = context.clock.now() >= row.dueAt;
  if (row.phase === 'publishing' || (row.phase === 'waiting' && due)) return { fresh: await lookUpKey(context, fresh, keys) };
  if (row.phase !== 'withdrawing') return {};
  // Whatever key stands there, it is a record that is still to go.
  return { old: await lookUpKey(context, { ...fresh, selector: row.oldSelector }) };
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
    await ownMail.tellPostmaster({ ...note, domain: row.domain });
  } catch (error) {
    log.warn('dkim.rotation-not-told', { domain: row.domain, error: error instanceof Error ? error.message : String(error) });
    return row;
  }
  const told = { ...row, toldAt: now };
  await store.dkimRotations.update(row.phase, told);
  return told;
}
