/** What many placements say together: shares of each provider and stream, and how they changed. Pure. */
import type { Placement, PlacementShare, Seed } from '../contract/placement.ts';

/** Sorted by provider, then stream. */
export function sharesOf(placements: readonly Placement[], seeds: readonly Pick<Seed, 'address' | 'provider'>[]): readonly PlacementShare[] {
  const providers = new Map(seeds.map(({ address, provider }) => [address, provider]));
  const providerOf = ({ seed }: Placement): string => providers.get(seed) ?? seed.slice(seed.lastIndexOf('@') + 1);
  return [...Map.groupBy(placements, (placement) => `${providerOf(placement)}\0${placement.stream}`).values()]
    .map((alike) => shareOf(alike as [Placement, ...Placement[]], providerOf))
    .toSorted((a, b) => a.provider.localeCompare(b.provider) || a.stream.localeCompare(b.stream));
}

function shareOf(alike: readonly [Placement, ...Placement[]], providerOf: (placement: Placement) => string): PlacementShare {
  const counts = { inbox: 0, tab: 0, spam: 0, other: 0, missing: 0, waiting: 0 };
  for (const { place } of alike) counts[place] += 1;
  const latenessMs = middle(alike.flatMap(({ arrivedAt, sentAt }) => (arrivedAt === undefined ? [] : [Math.max(0, arrivedAt - sentAt)])));
  return { provider: providerOf(alike[0]), stream: alike[0].stream, ...counts, ...(latenessMs === undefined ? {} : { latenessMs }) };
}

/** Of those whose place is known, from 0 to 1: in the inbox or a tab of it. Undefined when none is known. */
export function inboxShare({ inbox, tab, spam, other, missing }: Omit<PlacementShare, 'provider' | 'stream' | 'waiting' | 'latenessMs'>): number | undefined {
  const known = inbox + tab + spam + other + missing;
  return known === 0 ? undefined : (inbox + tab) / known;
}

export interface PlacementDay {
  /** `2026-11-21`, UTC. */
  readonly day: string;
  readonly shares: readonly PlacementShare[];
}

/** Oldest day first; days without mail are left out. */
export function trendOf(placements: readonly Placement[], seeds: readonly Pick<Seed, 'address' | 'provider'>[]): readonly PlacementDay[] {
  return [...Map.groupBy(placements, ({ sentAt }) => new Date(sentAt).toISOString().slice(0, 10))]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([day, its]) => ({ day, shares: sharesOf(its, seeds) }));
}

function middle(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
