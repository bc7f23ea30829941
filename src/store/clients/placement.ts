/** Seed accounts, and where mail was found in them. */
import type { Place, Placement, Seed } from '../../contract/placement.ts';
import type { Stream } from '../../contract/sending.ts';
import type { StoreCall } from '../call.ts';
import type { PlacementRow, SeedRow } from '../ops/placement.ts';

export interface PlacementStore {
  /** Replaces one of the same address. `secret` is sealed. */
  putSeed(seed: Omit<Seed, 'readAt' | 'trouble'>, secret: Uint8Array): Promise<void>;
  /** False when there was none. */
  removeSeed(address: string): Promise<boolean>;
  seeds(): Promise<readonly Seed[]>;
  /** Sealed. */
  secret(address: string): Promise<Uint8Array | undefined>;
  /** `trouble` '' when it could be read. `at` in milliseconds since 1970. */
  noteRead(address: string, at: number, trouble: string): Promise<void>;
  /** What is known already is left. */
  expect(sent: readonly Pick<Placement, 'seed' | 'messageId' | 'queueId' | 'stream' | 'fromDomain' | 'test' | 'sentAt'>[]): Promise<void>;
  waiting(seed: string, limit: number): Promise<readonly Placement[]>;
  found(rows: readonly Placement[]): Promise<void>;
  /** Sent from `since` until before `until`, milliseconds since 1970; newest first. */
  list(wanted: { readonly since: number; readonly until: number; readonly seed?: string; readonly limit: number }): Promise<readonly Placement[]>;
  removeBefore(before: number): Promise<number>;
}

export function createPlacementStore(call: StoreCall): PlacementStore {
  return {
    putSeed: ({ address, provider, host, port, security, username, kind, addedAt }, secret) => call('placement.putSeed', { address, provider, host, port, security, username, kind, addedAt, secret }),
    removeSeed: (address) => call('placement.removeSeed', { address }),
    seeds: async () => (await call('placement.seeds', undefined)).map(seedOf),
    secret: (address) => call('placement.secret', { address }),
    noteRead: (address, at, trouble) => call('placement.noteRead', { address, at, trouble }),
    expect: (sent) => call('placement.expect', sent.map(({ test, ...row }) => ({ ...row, test: test ? 1 : 0 }))),
    waiting: async (seed, limit) => (await call('placement.waiting', { seed, limit })).map(placementOf),
    found: (rows) => call('placement.found', rows.map(({ seed, messageId, place, folder, arrivedAt, foundAt, spf, dkim, dmarc }) => ({ seed, messageId, place, folder, arrivedAt: arrivedAt ?? null, foundAt: foundAt ?? null, spf, dkim, dmarc }))),
    list: async ({ since, until, seed = '', limit }) => (await call('placement.list', { since, until, seed, limit })).map(placementOf),
    removeBefore: (before) => call('placement.removeBefore', { before }),
  };
}

function seedOf({ readAt, security, kind, ...row }: SeedRow): Seed {
  return { ...row, security: security as Seed['security'], kind: kind as Seed['kind'], ...(readAt === null ? {} : { readAt }) };
}

function placementOf({ test, stream, place, arrivedAt, foundAt, ...row }: PlacementRow): Placement {
  return {
    ...row, test: test === 1, stream: stream as Stream, place: place as Place,
    ...(arrivedAt === null ? {} : { arrivedAt }), ...(foundAt === null ? {} : { foundAt }),
  };
}
