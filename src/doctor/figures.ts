/** What this server's own records say, for checks of reputation, bulk mail and receiving. Gathered by manage/doctor/doctor-figures.ts. */

/** Of the host. */
export interface HostFigures {
  /** Recipients waiting in the queue now, on hold or not. */
  readonly queue: { readonly waiting: number; readonly held: number };
  /** As it was at full hours, oldest first. */
  readonly queueBefore: readonly { readonly hoursAgo: number; readonly waiting: number }[];
  /** Mail delivered, by source address ('': the system chose it) and day; day 0 is today, which is not over. */
  readonly volume: readonly { readonly source: string; readonly daysAgo: number; readonly delivered: number }[];
  /** Programmes of providers in which this server is enrolled, and how that is known. */
  readonly enrolled: readonly { readonly programme: 'google' | 'yahoo' | 'microsoft'; readonly how: string }[];
  /** Sites to which mail went in the last week. */
  readonly sites: readonly string[];
  /** Absent: no seed accounts. */
  readonly placement?: PlacementFigures;
}

/** Test messages in seed accounts, over the last week. */
export interface PlacementFigures {
  readonly placed: readonly { readonly provider: string; readonly inbox: number; readonly junk: number; readonly missing: number }[];
  /** Seed accounts that could not be read when that was tried last, and why. Default: none. */
  readonly unreadable?: readonly { readonly seed: string; readonly trouble: string }[];
}

/** Of a domain, over the last week. */
export interface DomainFigures {
  /** By site of the recipients; `other` are all that are not known by name. */
  readonly sites: readonly SiteFigures[];
  /** Absent: complaints are not read here. */
  readonly complaints?: readonly { readonly provider: string; readonly count: number }[];
  /** What Gmail says of the newest day that it tells about: the share of mail in inboxes that people called spam. */
  readonly gmailSpam?: { readonly day: string; readonly share: number };
  /** From and Reply-To addresses of recent mail that are of domains here, and whether somebody gets what comes for them. */
  readonly senders: readonly { readonly address: string; readonly field: 'from' | 'reply-to'; readonly reached: boolean }[];
  /** One-click unsubscribe links of recent mail, newest first. `trial`: it went to an address that is there for trying. */
  readonly unsubscribe: readonly { readonly url: string; readonly trial: boolean }[];
  /** Its trial was not made within the last day, and is this examination's to make. */
  readonly mayTryUnsubscribe: boolean;
  /** People who asked to get no more bulk mail of this domain, and those who got some more than two days later. */
  readonly optOuts?: { readonly asked: number; readonly ignored: readonly string[] };
}

export interface SiteFigures {
  /** Key of a known MX site, or `other`. */
  readonly site: string;
  readonly delivered: number;
  /** Returned because the address is dead, and for any other reason. */
  readonly hard: number;
  readonly soft: number;
}
