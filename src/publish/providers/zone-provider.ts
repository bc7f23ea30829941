/**
 * A DnsProvider from what one HTTP API can do. Everything that must hold for all of them is here: what is published is read
 * again before anything is written, and where it is not `before` any more, nothing is changed; what is already as it should
 * be is not written; sets that the API treats in a way of its own (aliases, routing policies) are left alone; every change
 * has an outcome, whatever happens on the way.
 */
import { Failure } from '../../base/errors.ts';
import type { ChangeOutcome, DnsProvider, DnsZone, PublishableType, RecordChange, RecordSet } from '../../contract/dns-publishing.ts';
import { ApiRefusal, type ApiCall, type DnsApi } from './dns-api.ts';
import { ProviderFailure } from '../provider-failure.ts';
import { sameValues } from '../record-value.ts';

/** A set as it is published, with what the adapter must know to change it. */
export interface HeldSet extends RecordSet {
  /** Why it cannot be changed in our way. */
  readonly special?: string;
}

/** `now` absent: it is created; `after` absent: it is removed. */
export interface Edit<H extends HeldSet> {
  readonly now?: H;
  readonly after?: RecordSet;
}

export interface ZoneApi<H extends HeldSet> {
  readonly api: DnsApi;
  /** What the provider can hold. */
  readonly types: readonly PublishableType[];
  /** All edits are made, or none. Else one after the other. */
  readonly atomic: boolean;
  /** The provider itself refuses an edit of what is not `now` any more. */
  readonly guarded?: true;
  zones(call: ApiCall): Promise<readonly DnsZone[]>;
  /** At least those of `wanted`. */
  sets(call: ApiCall, zone: DnsZone, wanted: readonly Pick<RecordSet, 'name' | 'type'>[]): Promise<readonly H[]>;
  /** The TTL that the provider will make of this one. */
  ttl(seconds: number): number;
  /** Why the provider cannot hold this, in a sentence. */
  cannotHold?(after: RecordSet, zone: DnsZone): string | undefined;
  /** Removals come first. One outcome for each, in order; may reject when none was made. */
  write(call: ApiCall, zone: DnsZone, edits: readonly Edit<H>[]): Promise<readonly ChangeOutcome[]>;
}

const APPLIED: ChangeOutcome = { kind: 'applied' };

/** `label`: of the configuration. */
export function createZoneProvider<H extends HeldSet>(label: string, zoneApi: ZoneApi<H>): DnsProvider {
  return {
    label,
    ...(!zoneApi.guarded && { unguarded: true }),
    zones: async (signal) => zoneApi.zones(await zoneApi.api.begin(signal)),
    recordSets: async (zone, wanted, signal) => {
      const sets = await zoneApi.sets(await zoneApi.api.begin(signal), zone, wanted);
      return sets.map(({ name, type, ttlSeconds, values }) => ({ name, type, ttlSeconds, values }));
    },
    apply: async (zone, changes, signal) => {
      try {
        return await applyChanges(zoneApi, await zoneApi.api.begin(signal), zone, changes);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const outcome = outcomeOf(error);
        return changes.map(() => outcome);
      }
    },
  };
}

async function applyChanges<H extends HeldSet>(zoneApi: ZoneApi<H>, call: ApiCall, zone: DnsZone, changes: readonly RecordChange[]): Promise<readonly ChangeOutcome[]> {
  const held = await zoneApi.sets(call, zone, changes.map(subjectOf));
  const planned = changes.map((change) => planOne(zoneApi, zone, held, change));
  const blocked = zoneApi.atomic && planned.some((plan) => plan.kind === 'outcome' && plan.outcome.kind !== 'applied');
  const outcomes: ChangeOutcome[] = planned.map((plan) => (plan.kind === 'outcome' ? plan.outcome : { kind: 'failed', temporary: true, detail: 'not tried, since another change of this zone cannot be made' }));
  if (blocked) return outcomes;
  // A CNAME can only come when what stood at its name has gone (RFC 1034 §3.6.2).
  const order = planned.flatMap((plan, index) => (plan.kind === 'edit' ? [{ index, edit: plan.edit }] : [])).toSorted((a, b) => Number(a.edit.after !== undefined) - Number(b.edit.after !== undefined));
  if (order.length === 0) return outcomes;
  const written = await zoneApi.write(call, zone, order.map(({ edit }) => edit));
  for (const [at, { index }] of order.entries()) outcomes[index] = written[at] ?? { kind: 'failed', temporary: true, detail: 'nobody knows whether it was made' };
  return outcomes;
}

type Planned<H extends HeldSet> = { readonly kind: 'outcome'; readonly outcome: ChangeOutcome } | { readonly kind: 'edit'; readonly edit: Edit<H> };

const settled = (outcome: ChangeOutcome): { readonly kind: 'outcome'; readonly outcome: ChangeOutcome } => ({ kind: 'outcome', outcome });

function planOne<H extends HeldSet>(zoneApi: ZoneApi<H>, zone: DnsZone, held: readonly H[], change: RecordChange): Planned<H> {
  const { name, type } = subjectOf(change);
  const { before } = change;
  const now = held.find((set) => set.name === name && set.type === type);
  const after = change.after && { ...change.after, ttlSeconds: zoneApi.ttl(change.after.ttlSeconds) };
  const refused = (detail: string): Planned<H> => settled({ kind: 'failed', temporary: false, detail: `${zoneApi.api.title} ${detail}` });
  if (!zoneApi.types.includes(type)) return refused(`has no records of type ${type}`);
  const cannot = after && zoneApi.cannotHold?.(after, zone);
  if (cannot !== undefined) return refused(cannot);
  if (now?.special !== undefined) return settled({ kind: 'conflict', detail: `${name} ${type}: ${now.special}` });
  if (sameSet(type, now, after)) return settled(APPLIED);
  if (!sameValues(type, now?.values ?? [], before?.values ?? [])) return settled({ kind: 'conflict', detail: `${name} ${type} is now ${now ? now.values.join(', ') : 'not there'}` });
  return { kind: 'edit', edit: { ...(now && { now }), ...(after && { after }) } };
}

/** At a provider that made it so, or that was asked before and did not answer in time. */
function sameSet(type: PublishableType, now: RecordSet | undefined, after: RecordSet | undefined): boolean {
  return now?.ttlSeconds === after?.ttlSeconds && sameValues(type, now?.values ?? [], after?.values ?? []);
}

function subjectOf({ before, after }: RecordChange): Pick<RecordSet, 'name' | 'type'> {
  const { name, type } = (after ?? before) as RecordSet;
  return { name, type };
}

export function outcomeOf(error: unknown): ChangeOutcome {
  if (error instanceof ProviderFailure) return { kind: 'failed', temporary: error.temporary, detail: error.message, of: error.of };
  if (error instanceof Failure) return { kind: 'failed', temporary: error.temporary, detail: error.message };
  return { kind: 'failed', temporary: true, detail: String(error) };
}

/** For APIs that change one set after the other: a trouble of the provider or of the credentials ends the work, a refusal of one set does not. */
export async function writeEach<H extends HeldSet>(edits: readonly Edit<H>[], write: (edit: Edit<H>) => Promise<ChangeOutcome>): Promise<readonly ChangeOutcome[]> {
  const outcomes: ChangeOutcome[] = [];
  for (const edit of edits) {
    try {
      outcomes.push(await write(edit));
    } catch (error) {
      outcomes.push(outcomeOf(error));
      if (!(error instanceof ApiRefusal) || error.ofCredentials) break;
    }
  }
  while (outcomes.length < edits.length) outcomes.push({ kind: 'failed', temporary: true, detail: 'not tried, after the trouble before' });
  return outcomes;
}

export const applied = APPLIED;
