/**
 * DNS zones as something that can be changed, wherever they are hosted. Record sets are whole: a provider replaces all
 * values of a name and type at once, so who changes a set carries the values of others along.
 */
export const PUBLISHABLE_TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'PTR', 'SRV', 'SVCB', 'HTTPS', 'TLSA', 'TXT'] as const;
export type PublishableType = (typeof PUBLISHABLE_TYPES)[number];

export interface RecordSet {
  /** Absolute, without the trailing dot, lower case, A-labels. */
  readonly name: string;
  readonly type: PublishableType;
  readonly ttlSeconds: number;
  /**
   * As a zone file writes them (RFC 1035 §5.1): names absolute with the trailing dot, TXT quoted and in strings of at most
   * 255 octets, `"` and `\` escaped, octets outside of printable ASCII as \DDD. In no order.
   */
  readonly values: readonly string[];
}

export interface DnsZone {
  /** Absolute, without the trailing dot, lower case. */
  readonly name: string;
  /** What the provider calls it; often the name. */
  readonly id: string;
}

/** `before` absent: a new set; `after` absent: the set goes away. At least one is there; name and type are the same. */
export interface RecordChange {
  readonly before?: RecordSet;
  readonly after?: RecordSet;
}

export type ChangeOutcome =
  | { readonly kind: 'applied' }
  /** What is published is not `before` any more: nothing was changed. */
  | { readonly kind: 'conflict'; readonly detail: string }
  /** `temporary`: worth another try. Nothing was changed, or nobody knows. `of`: whose trouble kept the provider from doing it; absent: the change itself cannot be made. */
  | { readonly kind: 'failed'; readonly temporary: boolean; readonly detail: string; readonly of?: 'provider' | 'zone' };

export interface DnsProvider {
  /** Of the configuration. */
  readonly label: string;
  /** It cannot tie a change to what was read: what somebody changes between our look and our change is lost. Absent: it can. */
  readonly unguarded?: boolean;
  /** Throws a Failure when the provider cannot be asked: `dns-provider-refused` (permanent: credentials) or `dns-provider-unreachable`. */
  zones(signal: AbortSignal): Promise<readonly DnsZone[]>;
  /** For providers that cannot list their zones: the one that holds this name, if it is theirs. Throws as zones(). */
  zoneOf?(name: string, signal: AbortSignal): Promise<DnsZone | undefined>;
  /** At least those of `wanted` that exist; a provider that lists whole zones may answer more. Types that we do not know are left out. Throws as zones(). */
  recordSets(zone: DnsZone, wanted: readonly Pick<RecordSet, 'name' | 'type'>[], signal: AbortSignal): Promise<readonly RecordSet[]>;
  /** One outcome for each change, in order. Where the provider can, all or none of them, guarded by `before`. */
  apply(zone: DnsZone, changes: readonly RecordChange[], signal: AbortSignal): Promise<readonly ChangeOutcome[]>;
}
