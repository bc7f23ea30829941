/**
 * What the authenticate stage found out about a message: facts for the judge, for Authentication-Results, for trace.
 * Result words are those of RFC 8601 §2.7.
 */
export type SpfResult = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'temperror' | 'permerror';

/** One step of an SPF evaluation; nested by `depth` for include and redirect. RFC 7208 §4.6. */
export interface SpfTraceStep {
  readonly depth: number;
  /** The domain whose record is being evaluated. */
  readonly domain: string;
  /** The term as written (`include:_spf.example.net`), or `record`, `default`, `limit` for steps without one. */
  readonly term: string;
  /** DNS questions this step asked, e.g. `A mail.example.net`. */
  readonly lookups: readonly string[];
  /** Running totals after this step (RFC 7208 §4.6.4: at most 10 and 2). */
  readonly lookupCount: number;
  readonly voidLookupCount: number;
  readonly outcome: 'match' | 'no-match' | 'error' | 'record' | 'skipped';
  /** In words: what was compared, or why it failed. */
  readonly detail: string;
}

export interface SpfReport {
  readonly result: SpfResult;
  /** The domain checked (MAIL FROM's, or HELO's for a null sender). */
  readonly domain: string;
  readonly identity: 'mailfrom' | 'helo';
  /** One sentence in plain words that names the deciding mechanism. */
  readonly explanation: string;
  /** The term that decided, as written. */
  readonly mechanism?: string;
  /** What the domain's own exp= says about a fail (RFC 7208 §6.2): foreign text, printable ASCII. */
  readonly publishedExplanation?: string;
  readonly lookups: number;
  readonly voidLookups: number;
  readonly trace: readonly SpfTraceStep[];
}

export type DkimResult = 'pass' | 'fail' | 'neutral' | 'none' | 'temperror' | 'permerror' | 'policy';

export interface DkimReport {
  readonly result: DkimResult;
  /** d=, s=, i=, a=, and the first characters of b= (RFC 6008), as far as they could be read. */
  readonly domain?: string;
  readonly selector?: string;
  readonly identity?: string;
  readonly algorithm?: string;
  readonly signaturePrefix?: string;
  /** Why not pass, in plain words: `body hash did not verify`, `key too small (512 bit)` … */
  readonly reason?: string;
  readonly testing?: boolean;
  readonly keyBits?: number;
  readonly signedHeaders?: readonly string[];
}

export interface DmarcReport {
  readonly result: 'pass' | 'fail' | 'none' | 'temperror' | 'permerror';
  /** RFC5322.From domain; absent when there is no single one. */
  readonly fromDomain?: string;
  /** Where the record was found and the organizational domain by the tree walk (RFC 9989). */
  readonly policyDomain?: string;
  readonly organizationalDomain?: string;
  readonly policy?: 'none' | 'quarantine' | 'reject';
  /** The tag that gave the policy: p, sp or np. */
  readonly policyTag?: 'p' | 'sp' | 'np';
  readonly testMode?: boolean;
  readonly spfAligned: boolean;
  readonly dkimAligned: boolean;
  readonly record?: string;
  readonly explanation: string;
  /** Names asked on the walk, in order. */
  readonly walk: readonly string[];
}

export interface ArcReport {
  readonly cv: 'none' | 'pass' | 'fail' | 'temperror';
  readonly instances: number;
  /** d= of the newest seal. */
  readonly sealer?: string;
  readonly reason?: string;
  /** Authentication-Results text of the oldest set, as claimed by the first sealer. */
  readonly firstResults?: string;
  /** Every set, oldest first, when the chain is sound. */
  readonly sets?: readonly ArcSetReport[];
}

/** One sealer's set: what it says it found out (RFC 8617 §4.1.1), behind the `i=` of its Authentication-Results. */
export interface ArcSetReport {
  readonly instance: number;
  readonly sealer: string;
  readonly results: string;
}

export interface IprevReport {
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror';
  readonly address: string;
  readonly name?: string;
}

export interface AuthReport {
  readonly iprev?: IprevReport;
  readonly spf: SpfReport;
  readonly helo?: SpfReport;
  readonly dkim: readonly DkimReport[];
  readonly dmarc: DmarcReport;
  readonly arc: ArcReport;
}
