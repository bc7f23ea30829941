/** The words in which outgoing mail is shaped: streams, MX sites, our own addresses, and the right to one delivery. */
import type { OauthSource } from '../base/oauth-source.ts';
import type { SiteProfile } from '../mail/sites/site-profile.ts';

export { STREAMS, type Stream } from '../mail/sites/streams.ts';

/** Whose servers a recipient domain's mail goes to: the unit of limits, shaping and statistics. */
export interface MxSite {
  /**
   * `google` (a row of the data table), or the MX host names of an unknown site (`mx1.example.net`, at most
   * SITE_LIMITS.keyCharsMax characters), `domain:example.net` while its MX could not be looked up, `relay:HOST:PORT`.
   */
  readonly key: string;
  /** For people. */
  readonly title: string;
  readonly profile?: SiteProfile;
}

/** One of our own addresses that mail can leave from. */
export interface SourceIp {
  readonly address: string;
  readonly helo: string;
  readonly pool: string;
}

/** The name of the thing that is shaped. Parts that mean nothing are ''. */
export interface LaneKey {
  /** '' when the system chooses the source address. */
  readonly source: string;
  readonly site: string;
  readonly dkimDomain: string;
}

/** A server that takes mail for anywhere (a smarthost) or for some domains (an inner server). */
export interface RelayTarget {
  /** A name, an address, or with `lmtp` the absolute path of a Unix socket, whose port is 0. */
  readonly host: string;
  readonly port: number;
  readonly tls: 'verify' | 'opportunistic' | 'none';
  readonly username?: string;
  readonly passwordFile?: string;
  /** Log in with a bearer token instead of a password. */
  readonly oauth?: OauthSource;
  /** `mx`: the MX records of `host` say where to connect; default: its own addresses. */
  readonly lookup?: 'mx';
  /** Default `smtp`. */
  readonly protocol?: 'smtp' | 'lmtp';
}

/** The right to one delivery; must be given back with `finish`, exactly once. */
export interface Permit {
  readonly site: MxSite;
  readonly lane: LaneKey;
  /** At most one for each protocol, the preferred first; empty: the system chooses. */
  readonly sources: readonly SourceIp[];
  readonly protocols: readonly ('ipv4' | 'ipv6')[];
  readonly messagesPerConnectionMax: number;
  readonly tlsRequired: boolean;
  /** The way round for mail whose own addresses rest here: deliver to this relay instead of the MX. */
  readonly detour?: RelayTarget;
  /** There is one should the own addresses have to rest: who is refused for their sake need not wait as long as they do. */
  readonly wayRound?: true;
}

/** cold → warming → steady; hot → cooling → steady when a site complains; blocked when it refuses us. */
export type LaneState = 'cold' | 'warming' | 'steady' | 'hot' | 'cooling' | 'blocked';
