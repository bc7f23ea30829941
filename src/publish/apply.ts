/**
 * Carries record changes out, zone by zone, and tells what became of each. A zone that fails does not keep the others from
 * being changed.
 */
import { Failure } from '../base/errors.ts';
import { Semaphore } from '../base/semaphore.ts';
import { DNS_PUBLISH_LIMITS } from '../base/dns-publish-limits.ts';
import type { ChangeOutcome, DnsProvider, DnsZone, RecordChange } from '../contract/dns-publishing.ts';

export interface PlacedChange {
  /** Given back with the outcome. */
  readonly position: number;
  /** Label of the provider. */
  readonly provider: string;
  readonly zone: DnsZone;
  readonly change: RecordChange;
}

export interface PlacedOutcome {
  readonly position: number;
  readonly outcome: ChangeOutcome;
}

/** `settled` hears of each zone when it is done, so that it can be written down at once. */
export async function applyChanges(
  providers: ReadonlyMap<string, DnsProvider>,
  changes: readonly PlacedChange[],
  settled: (outcomes: readonly PlacedOutcome[]) => Promise<void>,
  signal: AbortSignal,
): Promise<readonly PlacedOutcome[]> {
  const zones = Map.groupBy(changes, ({ provider, zone }) => `${provider} ${zone.id}`);
  const places = new Semaphore(DNS_PUBLISH_LIMITS.zonesAtOnce);
  const all = await Promise.all([...zones.values()].map((ofZone) => places.run(async () => {
    const outcomes = await applyZone(providers, ofZone, signal);
    await settled(outcomes);
    return outcomes;
  })));
  return all.flat().toSorted((a, b) => a.position - b.position);
}

async function applyZone(providers: ReadonlyMap<string, DnsProvider>, changes: readonly PlacedChange[], signal: AbortSignal): Promise<readonly PlacedOutcome[]> {
  const [first] = changes;
  const provider = first && providers.get(first.provider);
  const all = (outcome: ChangeOutcome): readonly PlacedOutcome[] => changes.map(({ position }) => ({ position, outcome }));
  if (!first || !provider) return all({ kind: 'failed', temporary: false, detail: `no [[dns.provider]] is called "${first?.provider ?? ''}" any more` });
  try {
    const outcomes = await provider.apply(first.zone, changes.map(({ change }) => change), signal);
    return changes.map(({ position }, at) => ({ position, outcome: outcomes[at] ?? { kind: 'failed', temporary: true, detail: `${provider.label} did not say what became of it` } }));
  } catch (error) {
    if (error instanceof Failure) return all({ kind: 'failed', temporary: error.temporary, detail: error.message });
    throw error;
  }
}
