/**
 * `dns apply` and `dns undo`: a plan is carried out as it was shown, never more. What is published may have changed since:
 * each set is guarded by what the plan saw, and such a set is a conflict, not overwritten. What was applied is remembered
 * with what stood there before, so that it can be undone.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { DNS_PUBLISH_LIMITS } from '../../base/dns-publish-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { ChangeOutcome, DnsProvider, RecordSet } from '../../contract/dns-publishing.ts';
import { applyChanges, type PlacedChange } from '../../publish/apply.ts';
import { isChange, type LeftAlone, type PlanItem } from '../../publish/plan.ts';
import { checkArrival, type Arrival } from '../../publish/propagation.ts';
import { meaningOfValue } from '../../publish/record-text.ts';
import type { ApplyItemRow, ApplyRow } from '../../store/clients/dns-publishing.ts';
import { keepPlan, planArgs, planDomains, type DnsPlan, type KeptPlan } from './dns-planning.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export interface AppliedItem {
  readonly domain: string;
  readonly name: string;
  readonly type: string;
  readonly provider: string;
  readonly zone: string;
  readonly outcome: ChangeOutcome['kind'] | 'pending';
  readonly detail: string;
}

export interface ApplyResult {
  /** For dns undo; absent: there was nothing to apply. */
  readonly id?: string;
  readonly plan: string;
  readonly items: readonly AppliedItem[];
  /** Changes that no provider of ours can make. */
  readonly byHand: readonly PlanItem[];
  readonly blocked: readonly PlanItem[];
  readonly unknown: readonly PlanItem[];
  /** Domains that could not be planned. */
  readonly failed: readonly LeftAlone[];
  /** PTR records, as the plan found them: whoever rents out the address sets them. */
  readonly hosting: DnsPlan['hosting'];
  /** Labels of the providers of `items` at which a change that somebody makes in the same second may be lost. */
  readonly unguarded: readonly string[];
}

const planId = z.string().regex(/^[0-9a-f]{10}$/, 'must be the number that posthorn dns plan shows, ten of 0-9 and a-f');
const applyId = z.string().regex(/^[0-9a-f]{8}$/, 'must be the number that posthorn dns apply and history show, eight of 0-9 and a-f');

type NewItem = Omit<ApplyItemRow, 'outcome' | 'detail'>;

const apply = defineVerb({
  name: 'dns.apply',
  summary: 'Carries out a plan of dns.plan; without one, plans and carries out at once.',
  args: z.strictObject({ plan: planId.optional(), request: planArgs.optional() }),
  run: async (context, args): Promise<ApplyResult> => {
    const { plan, applied } = args.plan === undefined ? await keepPlan(context, await planDomains(context, args.request ?? { all: true })) : await keptPlan(context, args.plan);
    const items = await newItems(context, plan.items.filter(isChange));
    const rest = {
      plan: plan.id,
      byHand: plan.items.filter(({ action }) => action === 'by-hand'),
      blocked: plan.items.filter(({ action }) => action === 'blocked'),
      unknown: plan.items.filter(({ action }) => action === 'unknown'),
      failed: plan.failed,
      hosting: plan.hosting,
    };
    const id = items.length === 0 ? undefined : newId();
    const done = id === undefined ? [] : await carryOut(context, { id, kind: 'apply', source: plan.id, at: context.clock.now() }, items);
    const troubled = new Set([...done.filter(({ outcome }) => outcome !== 'applied').map(({ domain }) => domain), ...rest.unknown.map(({ domain }) => domain)]);
    await context.store.dnsPublishing.setAppliedPolicies(applied.filter(({ domain }) => !troubled.has(domain)), context.clock.now(), id);
    return { ...(id !== undefined && { id }), ...rest, items: done, unguarded: await unguardedOf(context, items) };
  },
});

async function unguardedOf({ publishing }: ApplyContext, items: readonly NewItem[]): Promise<readonly string[]> {
  const used = new Set(items.map(({ provider }) => provider));
  const all = (await publishing?.providers()) ?? [];
  return all.filter(({ provider }) => provider.unguarded === true && used.has(provider.label)).map(({ provider }) => provider.label).toSorted();
}

async function keptPlan({ store }: ManageContext, id: string): Promise<KeptPlan> {
  const content = await store.dnsPublishing.plan(id);
  if (content === undefined) throw new Failure('plan-unknown', `there is no plan ${id}: make one with posthorn dns plan`, { temporary: false });
  return JSON.parse(content) as KeptPlan;
}

function newId(): string {
  return randomBytes(4).toString('hex');
}

async function newItems({ store }: Pick<ManageContext, 'store'>, changes: readonly PlanItem[]): Promise<readonly NewItem[]> {
  const owned = Map.groupBy(await store.dnsPublishing.owned(), ({ name, type }) => `${name} ${type}`);
  return changes.map(({ domain, name, type, provider = '', zone, before, after, ours }, position) => ({
    position, domain, name, type, provider,
    zone: zone?.name ?? '',
    zoneId: zone?.id ?? '',
    beforeSet: before ? JSON.stringify(before) : null,
    afterSet: after ? JSON.stringify(after) : null,
    oursBefore: JSON.stringify((owned.get(`${name} ${type}`) ?? []).map(({ value }) => value)),
    oursAfter: JSON.stringify(ours),
  }));
}

type ApplyContext = Pick<ManageContext, 'store' | 'clock' | 'log' | 'publishing'>;

/** Carries out changes that are no plan of anybody's; `source` is what `dns history` says of them. */
export async function applyItems(context: ApplyContext, source: string, changes: readonly PlanItem[]): Promise<readonly AppliedItem[]> {
  if (changes.length === 0) return [];
  return carryOut(context, { id: newId(), kind: 'apply', source, at: context.clock.now() }, await newItems(context, changes));
}

async function carryOut(context: ApplyContext, row: Omit<ApplyRow, 'undoneBy'>, items: readonly NewItem[]): Promise<readonly AppliedItem[]> {
  const { store, clock, log, publishing } = context;
  if (!publishing) throw new Failure('no-network', 'records cannot be published from here', { temporary: false });
  const providers = new Map<string, DnsProvider>((await publishing.providers()).map(({ provider }) => [provider.label, provider]));
  await store.dnsPublishing.beginApply(row, items);
  const changes: PlacedChange[] = items.map(({ position, provider, zone, zoneId, beforeSet, afterSet }) => ({
    position, provider,
    zone: { name: zone, id: zoneId },
    change: { ...(beforeSet !== null && { before: JSON.parse(beforeSet) as RecordSet }), ...(afterSet !== null && { after: JSON.parse(afterSet) as RecordSet }) },
  }));
  await applyChanges(providers, changes, async (outcomes) => {
    const settled = outcomes.map(({ position, outcome }) => ({ position, outcome: outcome.kind, detail: outcome.kind === 'applied' ? '' : outcome.detail }));
    await store.dnsPublishing.settleItems(row.id, settled, clock.now());
  }, new AbortController().signal);
  const done = (await store.dnsPublishing.applyItems(row.id)).map(shown);
  log.info('dns.applied', { apply: row.id, kind: row.kind, applied: done.filter(({ outcome }) => outcome === 'applied').length, items: done.length });
  return done;
}

function shown({ domain, name, type, provider, zone, outcome, detail }: ApplyItemRow): AppliedItem {
  return { domain, name, type, provider, zone, outcome, detail };
}

export interface UndoResult {
  readonly id: string;
  readonly undone: string;
  readonly items: readonly AppliedItem[];
}

const undo = defineVerb({
  name: 'dns.undo',
  summary: 'Publishes again what stood there before something was applied; default: the last.',
  args: z.strictObject({ apply: applyId.optional() }),
  run: async (context, args): Promise<UndoResult> => {
    const { store, clock } = context;
    const applies = await store.dnsPublishing.applies(DNS_PUBLISH_LIMITS.appliesKept);
    const chosen = args.apply === undefined ? applies.find(({ kind, undoneBy }) => kind === 'apply' && undoneBy === null) : applies.find(({ id }) => id === args.apply);
    if (!chosen) throw new Failure('apply-unknown', args.apply === undefined ? 'nothing that was applied is left to undo' : `nothing was applied under ${args.apply}; posthorn dns history lists what was`, { temporary: false });
    if (chosen.undoneBy !== null) throw new Failure('already-undone', `${chosen.id} was undone already, by ${chosen.undoneBy}`, { temporary: false });
    // What nobody knows the end of is tried too: the guard tells whether it happened.
    const rows = (await store.dnsPublishing.applyItems(chosen.id)).filter(({ outcome }) => outcome === 'applied' || outcome === 'pending');
    if (rows.length === 0) throw new Failure('apply-unknown', `nothing of ${chosen.id} was applied, so there is nothing to undo`, { temporary: false });
    const id = newId();
    const items = rows.map(({ beforeSet, afterSet, oursBefore, oursAfter, ...row }, position): NewItem => ({ ...withoutOutcome(row), position, beforeSet: afterSet, afterSet: beforeSet, oursBefore: oursAfter, oursAfter: oursBefore }));
    const done = await carryOut(context, { id, kind: 'undo', source: chosen.id, at: clock.now() }, items);
    if (done.every(({ outcome }) => outcome === 'applied')) await store.dnsPublishing.markUndone(chosen.id, id);
    return { id, undone: chosen.id, items: done };
  },
});

function withoutOutcome<T extends Pick<ApplyItemRow, 'outcome' | 'detail'>>({ outcome: _outcome, detail: _detail, ...row }: T): Omit<T, 'outcome' | 'detail'> {
  return row;
}

const history = defineVerb({
  name: 'dns.history',
  summary: 'Lists what was applied and undone, the newest first.',
  args: z.strictObject({ apply: applyId.optional() }),
  run: async ({ store }, args): Promise<{ readonly applies: readonly ApplyRow[]; readonly items?: readonly (AppliedItem & { readonly before?: RecordSet; readonly after?: RecordSet })[] }> => {
    const applies = await store.dnsPublishing.applies(DNS_PUBLISH_LIMITS.appliesKept);
    if (args.apply === undefined) return { applies };
    const rows = await store.dnsPublishing.applyItems(args.apply);
    const items = rows.map((row) => ({ ...shown(row), ...(row.beforeSet !== null && { before: JSON.parse(row.beforeSet) as RecordSet }), ...(row.afterSet !== null && { after: JSON.parse(row.afterSet) as RecordSet }) }));
    return { applies: applies.filter(({ id }) => id === args.apply), items };
  },
});

const arrived = defineVerb({
  name: 'dns.arrived',
  summary: 'Asks every authoritative name server once whether it answers what was applied.',
  args: z.strictObject({ apply: applyId }),
  run: async (context, args): Promise<Arrival> => {
    const { store, dns, publishing, config } = context;
    if (!publishing) throw new Failure('no-network', 'name servers cannot be asked from here', { temporary: false });
    const rows = (await store.dnsPublishing.applyItems(args.apply)).filter(({ outcome }) => outcome === 'applied');
    const changes = rows.map(({ zone, beforeSet, afterSet }) => ({ zone, ...(beforeSet !== null && { before: JSON.parse(beforeSet) as RecordSet }), ...(afterSet !== null && { after: JSON.parse(afterSet) as RecordSet }) }));
    const labelOf = new Map(rows.map(({ zone, provider }) => [zone, provider]));
    const known = (zone: string) => config.dns.providers?.find(({ label }) => label === labelOf.get(zone))?.nameServers ?? [];
    return checkArrival(changes.filter(isRealChange), { dns, ask: publishing.ask, known }, new AbortController().signal);
  },
});

function isRealChange({ before, after }: { readonly before?: RecordSet; readonly after?: RecordSet }): boolean {
  return meaningOfSet(before) !== meaningOfSet(after);
}

function meaningOfSet(set: RecordSet | undefined): string {
  return set ? set.values.map((value) => meaningOfValue(set.type, value)).toSorted().join('\n') : '';
}

export const dnsApplyVerbs = [apply, undo, history, arrived] as const;
