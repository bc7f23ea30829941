/**
 * What is known about a receiving site before a single message went there: how it wants to be approached, and how it
 * takes to a new sender. One site is a group of MX hosts that one operator runs with common limits, whatever recipient
 * domains they serve.
 */
export interface SiteProfile {
  /** Stable, kebab-case: `google`. Key of limits, shaping and statistics. */
  readonly key: string;
  /** For people: `Gmail and Google Workspace`. */
  readonly title: string;
  /**
   * A site is this one when every MX host of its best preference fits one of these: a host name, a suffix beginning with
   * a dot (`.google.com`), or a name with one `*`. Compared as text, in lower case without the final dot.
   */
  readonly mx: readonly string[];
  readonly limits: SiteLimits;
  readonly tls?: 'required';
  /** Protocols in the order to try; absent: as configured. */
  readonly protocols?: readonly ('ipv4' | 'ipv6')[];
  /** First and longest wait between attempts at one message, milliseconds; absent: as configured. */
  readonly retry?: { readonly minMs: number; readonly maxMs: number };
  /** Messages a day that a new source address may send, day by day; afterwards without this limit. */
  readonly warmUp?: readonly number[];
  /** What to do when the site complains so often; beside what shaping does by itself. */
  readonly automation?: readonly SiteAutomation[];
  /** Where the figures are published, and when they were gathered. */
  readonly source: string;
  readonly date: string;
}

export interface SiteLimits {
  /** Connections at once, all source addresses together unless `perSource`. */
  readonly connections: number;
  readonly perSource?: true;
  readonly messagesPerConnection: number;
  readonly connectionsPerMinute: number;
  readonly messagesPerMinute?: number;
}

export interface SiteAutomation {
  /** Rules of mail/reply-meaning that count, by id or by prefix ending in `*`. */
  readonly rules: readonly string[];
  readonly times: number;
  readonly withinMs: number;
  readonly action:
    | { readonly kind: 'suspend'; readonly forMs: number }
    | { readonly kind: 'limit'; readonly messagesPerMinute: number; readonly connections?: number; readonly forMs: number };
}
