/** Which DNS lists had an address, from when to when. */
import type { StoreCall } from '../call.ts';
import type { IpHistory, SeenList } from '../ops/ip-listings.ts';

export type { IpHistory, IpListing, SeenList } from '../ops/ip-listings.ts';

export interface IpListingStore {
  /** Of one look at `at`, with what answered in a way that can be believed. */
  record(address: string, at: number, seen: readonly SeenList[], forgetBefore: number): Promise<void>;
  history(address: string, limit: number): Promise<IpHistory>;
}

export function createIpListingStore(call: StoreCall): IpListingStore {
  return {
    record: (address, at, seen, forgetBefore) => call('ipListings.record', { address, at, seen, forgetBefore }),
    history: (address, limit) => call('ipListings.history', { address, limit }),
  };
}
