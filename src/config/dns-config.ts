/** What posthorn.toml says about publishing DNS records: where zones are hosted, and what every domain should publish. */
import type { HostPort } from './host-port.ts';

export interface DnsProviderConfig {
  /** Unique; default: the type. */
  readonly label: string;
  /** A key of PROVIDER_TYPES in publish/providers/index.ts. */
  readonly type: string;
  /** Zones to use it for, lower case. Empty: all that it hosts. */
  readonly zones: readonly string[];
  /** Asked whether a change has arrived. Absent or empty: those of the zone's NS records. */
  readonly nameServers?: readonly HostPort[];
  /** The rest of its table, named as there; paths absolute. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The policy that a domain's records are made from; a domain may have values of its own (`posthorn dns policy`). */
export interface DnsPolicyConfig {
  readonly ttlSeconds: number;
  /** The end of SPF: what receivers should think of other addresses. */
  readonly spfAll: '~all' | '-all' | '?all';
  readonly dmarcPolicy: 'none' | 'quarantine' | 'reject';
  /** Where DMARC reports go, as mail addresses or URIs; `%d` is the domain. Empty: nowhere. */
  readonly dmarcReports: readonly string[];
  /** As dmarcReports. */
  readonly tlsReports: readonly string[];
  /** `off`: not published. */
  readonly mtaSts: 'off' | 'testing' | 'enforce';
  /** Certificate authorities that may issue. Empty: no CAA records. */
  readonly caaIssuers: readonly string[];
  /** Publish TLSA records for the host, where its zone is signed. */
  readonly dane: boolean;
  /** SRV records and the names autoconfig and autodiscover. */
  readonly clientSetup: boolean;
  /** Address of the logo (SVG over https); `%d` is the domain. Empty: no BIMI record. */
  readonly bimiLogo: string;
  /** Names without mail below every domain, such as `www`. */
  readonly namesWithoutMail: readonly string[];
}

export const DEFAULT_DNS_POLICY: DnsPolicyConfig = {
  ttlSeconds: 3600,
  spfAll: '~all',
  dmarcPolicy: 'none',
  dmarcReports: ['dmarc@%d'],
  tlsReports: ['tls@%d'],
  mtaSts: 'off',
  caaIssuers: [],
  dane: false,
  clientSetup: true,
  bimiLogo: '',
  namesWithoutMail: [],
};
