/** MTA-STS policies (RFC 8461) as they are found, kept and shown. */
export interface StsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none';
  /** `mx.example.net` or `*.example.net`, lower case. Empty only with mode none. */
  readonly mx: readonly string[];
  readonly maxAgeSeconds: number;
}

export interface CachedStsPolicy {
  readonly domain: string;
  /** Of the TXT record that was there when it was fetched. */
  readonly id: string;
  readonly policy: StsPolicy;
  /** Milliseconds since 1970. */
  readonly fetchedAt: number;
  readonly expiresAt: number;
}

/** What survives a restart. */
export interface StsCache {
  get(domain: string): Promise<CachedStsPolicy | undefined>;
  put(entry: CachedStsPolicy): Promise<void>;
  /** Fetched before this time and not expired at `now`, the oldest first. */
  due(fetchedBefore: number, now: number, limit: number): Promise<readonly CachedStsPolicy[]>;
}
