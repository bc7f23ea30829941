/**
 * MTA-STS policies: in memory for the deliveries, in the store for the next start. What the memory does not know is read
 * once; domains without a policy are remembered too.
 */
import { MTA_STS_LIMITS } from '../../base/limits.ts';
import type { CachedStsPolicy, StsCache } from '../../contract/mta-sts.ts';
import type { StoreCall } from '../call.ts';
import type { StsPolicyRow } from '../ops/sts-policies.ts';

export interface StsPolicyStore extends StsCache {
  /** In the order of their domains, those behind `after`. */
  list(after: string, limit: number): Promise<readonly CachedStsPolicy[]>;
  /** False when there was none. */
  remove(domain: string): Promise<boolean>;
  /** Removes what expired before this time, milliseconds since 1970. */
  removeExpired(before: number): Promise<number>;
}

export function createStsPolicyStore(call: StoreCall): StsPolicyStore {
  const known = new Map<string, CachedStsPolicy | undefined>();
  const remember = (domain: string, entry: CachedStsPolicy | undefined): void => {
    known.delete(domain);
    known.set(domain, entry);
    const [oldest] = known.keys();
    if (known.size > MTA_STS_LIMITS.cacheEntriesMax && oldest !== undefined) known.delete(oldest);
  };
  return {
    async get(domain) {
      if (known.has(domain)) return known.get(domain);
      const row = await call('stsPolicies.get', { domain });
      const entry = row && fromRow(row);
      // Somebody may have stored one meanwhile.
      if (!known.has(domain)) remember(domain, entry);
      return known.get(domain);
    },
    async put(entry) {
      remember(entry.domain, entry);
      await call('stsPolicies.put', toRow(entry));
    },
    due: async (fetchedBefore, now, limit) => (await call('stsPolicies.due', { fetchedBefore, now, limit })).map(fromRow),
    list: async (after, limit) => (await call('stsPolicies.list', { after, limit })).map(fromRow),
    async remove(domain) {
      known.delete(domain);
      return (await call('stsPolicies.remove', { domain })) > 0;
    },
    removeExpired: (before) => call('stsPolicies.removeExpired', { before }),
  };
}

function toRow({ domain, id, policy, fetchedAt, expiresAt }: CachedStsPolicy): StsPolicyRow {
  return { domain, id, mode: policy.mode, mx: JSON.stringify(policy.mx), maxAgeSeconds: policy.maxAgeSeconds, fetchedAt, expiresAt };
}

function fromRow({ domain, id, mode, mx, maxAgeSeconds, fetchedAt, expiresAt }: StsPolicyRow): CachedStsPolicy {
  return { domain, id, policy: { mode, mx: JSON.parse(mx) as string[], maxAgeSeconds }, fetchedAt, expiresAt };
}
