/** Verbs on DKIM keys: list, make, let sign or rest, change over. */
import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { DKIM_ROTATION_LIMITS } from '../../base/dkim-limits.ts';
import { Failure } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { RotationRow } from '../../store/clients/dkim-rotations.ts';
import type { KeyRow } from '../../store/ops/keys.ts';
import { keyRecordOf } from '../../verify/dkim/judge-published.ts';
import { domainArgument as domain, selectorArgument } from '../arguments.ts';
import { hostedDomain } from '../directory/hosted-domain.ts';
import { policiesOf } from '../dns/dns-policy.ts';
import { defineVerb, type ManageContext } from '../verb.ts';
import { advanceRotation, cancelRotation, keepOldMs, rotationPlans, startRotation, type RotationPlan } from './rotation.ts';
import { plannedDates, rotationStatus } from './rotation-text.ts';


export interface ShownKey extends KeyRow {
  readonly active: boolean;
  readonly bits: number;
  readonly ageDays: number;
  /** As a zone file writes it. */
  readonly record: string;
  /** Its domain sends no mail (`dns policy --use none`), so that nobody looks for it. */
  readonly unneeded: boolean;
}

export interface ShownRotation extends RotationRow {
  /** Where it is and what happens next, for people. */
  readonly status: string;
  /** To publish. */
  readonly record?: string;
}

/** What may be seen of a key. */
function shown(key: KeyRow, now: number, unneeded = false): ShownKey {
  return { ...key, unneeded, active: key.state === 'active', bits: bitsOf(key), ageDays: Math.max(0, Math.floor((now - key.createdAt) / 86_400_000)), record: keyRecordOf(key) };
}

function bitsOf({ algorithm, publicKey }: KeyRow): number {
  if (algorithm === 'ed25519-sha256') return 256;
  return createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' }).asymmetricKeyDetails?.modulusLength ?? 0;
}

async function shownRotation({ store }: Pick<ManageContext, 'store'>, row: RotationRow): Promise<ShownRotation> {
  const key = (await store.keys.list(row.domain)).find(({ selector }) => selector === row.newSelector);
  return { ...row, status: rotationStatus(row), ...(key && row.phase === 'publishing' && row.publishedAt === null ? { record: keyRecordOf(key) } : {}) };
}

const keys = defineVerb({
  name: 'dkim.keys',
  summary: 'Lists the DKIM keys of one domain or of all.',
  args: z.strictObject({ domain: domain.optional() }),
  run: async ({ store, clock, config }, args) => {
    const found = await store.keys.list(args.domain);
    // Keys of a domain that was removed are still shown.
    if (found.length === 0 && args.domain !== undefined) await hostedDomain({ store }, args.domain);
    const policies = await policiesOf({ store, config });
    return { keys: found.map((key) => shown(key, clock.now(), policies(key.domain).policy.use === 'none')) };
  },
});

const create = defineVerb({
  name: 'dkim.create',
  summary: 'Makes one more DKIM key for a domain.',
  args: z.strictObject({ domain, algorithm: z.enum(['rsa-sha256', 'ed25519-sha256']), selector: selectorArgument.optional() }),
  run: async (context, args) => {
    const { store, clock, log } = context;
    const key = await hostedDomain(context, args.domain);
    const { selector } = args;
    // Signing starts when the record has been published: until then receivers would find no key.
    const row = await store.keys.create({ domain: key, algorithm: args.algorithm, at: clock.now(), state: 'published', ...(selector === undefined ? {} : { selector }) });
    log.info('dkim.key-created', { domain: key, selector: row.selector });
    return shown(row, clock.now());
  },
});

const state = defineVerb({
  name: 'dkim.state',
  summary: 'Lets a DKIM key sign (active), wait (published) or rest (retired).',
  args: z.strictObject({ domain, selector: selectorArgument, state: z.enum(['active', 'published', 'retired']) }),
  run: async ({ store, log }, args) => {
    await store.keys.setState(args.domain, args.selector, args.state);
    log.info('dkim.key-state-set', { domain: domainKey(args.domain), selector: args.selector, state: args.state });
    return args;
  },
});

const remove = defineVerb({
  name: 'dkim.remove',
  summary: 'Deletes a DKIM key that does not sign.',
  args: z.strictObject({ domain, selector: selectorArgument }),
  run: async ({ store, log }, args) => {
    const key = (await store.keys.list(args.domain)).find(({ selector }) => selector === args.selector);
    if (!key) throw new Failure('key-unknown', `${domainKey(args.domain)} has no key with the selector ${args.selector}: posthorn dkim keys ${args.domain}`, { temporary: false });
    if (key.state === 'active') throw new Failure('key-in-use', `${args.selector} signs for ${key.domain}: posthorn dkim rotate ${key.domain} puts another in its place, posthorn dkim retire ${key.domain} ${args.selector} lets it rest`, { temporary: false });
    await store.keys.remove(key.domain, key.selector);
    log.info('dkim.key-removed', { domain: key.domain, selector: key.selector });
    return { domain: key.domain, selector: key.selector };
  },
});

export interface RotateResult {
  /** With `dryRun`: what would be done. */
  readonly plans: readonly (RotationPlan & { readonly dates: ReturnType<typeof plannedDates> })[];
  readonly rotations: readonly ShownRotation[];
}

const rotate = defineVerb({
  name: 'dkim.rotate',
  summary: 'Begins to change the DKIM keys of a domain, or goes on with what is under way.',
  args: z.strictObject({ domain: domain.optional(), dryRun: z.boolean().default(false) }),
  run: async (context, args): Promise<RotateResult> => {
    const { store, clock } = context;
    const names = args.domain === undefined ? (await store.directory.snapshot()).domains.map(({ name }) => name) : [await hostedDomain(context, args.domain)];
    const places = new Semaphore(DKIM_ROTATION_LIMITS.domainsAtOnce);
    // One domain that fails leaves the others alone; who asks again goes on where it stopped.
    const settled = await Promise.allSettled(names.map((name) => places.run(() => rotateDomain(context, name, args.dryRun))));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    const done = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const [plans, rotations] = [done.flatMap((one) => one.plans), done.flatMap((one) => one.rotations)];
    return { plans: plans.map((plan) => ({ ...plan, dates: plannedDates(clock.now(), keepOldMs(context)) })), rotations };
  },
});

async function rotateDomain(context: ManageContext, name: string, dryRun: boolean): Promise<{ readonly plans: readonly RotationPlan[]; readonly rotations: readonly ShownRotation[] }> {
  const underWay = (await context.store.dkimRotations.list(name)).filter(({ phase }) => phase !== 'done');
  const plans: RotationPlan[] = [];
  const rotations: ShownRotation[] = [];
  for (const plan of await rotationPlans(context, name)) {
    const row = underWay.find(({ algorithm }) => algorithm === plan.algorithm);
    if (!row) plans.push(plan);
    if (dryRun) continue;
    // Whoever asks is told by the answer; the postmaster hears of the later steps.
    rotations.push(await shownRotation(context, await advanceRotation(context, row ?? (await startRotation(context, plan, true)))));
  }
  return { plans, rotations };
}

const rotations = defineVerb({
  name: 'dkim.rotations',
  summary: 'Tells where the changes of DKIM keys are.',
  args: z.strictObject({ domain: domain.optional() }),
  run: async (context, args): Promise<{ readonly rotations: readonly ShownRotation[] }> => {
    const rows = await context.store.dkimRotations.list(args.domain === undefined ? '' : await hostedDomain(context, args.domain));
    return { rotations: await Promise.all(rows.map((row) => shownRotation(context, row))) };
  },
});

const cancel = defineVerb({
  name: 'dkim.rotate-cancel',
  summary: 'Gives up changes of DKIM keys that do not sign with the new key yet.',
  args: z.strictObject({ domain }),
  run: async (context, args) => {
    const name = await hostedDomain(context, args.domain);
    const running = (await context.store.dkimRotations.list(name)).filter(({ phase }) => phase !== 'done');
    if (running.length === 0) throw new Failure('rotation-unknown', `no key of ${name} is being changed: posthorn dkim rotate ${name} begins`, { temporary: false });
    const withdrawn: string[] = [];
    for (const row of running) if ((await cancelRotation(context, row)).kind === 'in-place') withdrawn.push(row.newSelector);
    // Whose records are taken out of the DNS already.
    return { domain: name, selectors: running.map(({ newSelector }) => newSelector), withdrawn };
  },
});

export const dkimVerbs = [keys, create, state, remove, rotate, rotations, cancel] as const;
