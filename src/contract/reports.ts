/** What receivers tell senders, and we tell others: DMARC aggregate reports (RFC 9990), TLS reports (RFC 8460), complaints (RFC 5965, RFC 9477). */

/** One row of an aggregate report: mail of one source that fared alike. */
export interface DmarcRow {
  /** Canonical text. */
  readonly sourceIp: string;
  readonly count: number;
  readonly disposition: 'none' | 'pass' | 'quarantine' | 'reject';
  /** Passed and aligned with headerFrom, as the receiver saw it. */
  readonly dkimAligned: boolean;
  readonly spfAligned: boolean;
  /** Why the policy was not followed: forwarded, mailing_list, local_policy … */
  readonly overrides: readonly { readonly type: string; readonly comment: string }[];
  /** Lower case, A-labels, as all domains here. */
  readonly headerFrom: string;
  readonly envelopeFrom?: string;
  readonly envelopeTo?: string;
  readonly dkim: readonly { readonly domain: string; readonly selector?: string; readonly result: string }[];
  readonly spf: readonly { readonly domain: string; readonly scope: 'mfrom' | 'helo'; readonly result: string }[];
}

export interface DmarcReportHead {
  readonly reporter: string;
  readonly reporterEmail: string;
  readonly reportId: string;
  /** Milliseconds since 1970. */
  readonly begin: number;
  readonly end: number;
  /** The policy that the receiver found. */
  readonly domain: string;
  readonly policy: { readonly p: string; readonly sp?: string; readonly np?: string; readonly adkim?: string; readonly aspf?: string; readonly testing?: boolean };
}

/** What reports of a time say about one source of mail of a domain. */
export interface DmarcSourceSummary {
  readonly domain: string;
  readonly sourceIp: string;
  readonly headerFrom: string;
  readonly count: number;
  /** Of these: DMARC passed (either aligned). */
  readonly passed: number;
  readonly dkimAligned: number;
  readonly spfAligned: number;
  /** Passed SPF or DKIM of another domain: a service that does not align, rather than somebody who forges. */
  readonly authenticatedElsewhere: number;
  /** The receiver says it was forwarded or came through a list. */
  readonly forwarded: number;
  readonly rejected: number;
  readonly quarantined: number;
  /** Domains that signed or were in the envelope, at most a handful. */
  readonly seenDomains: readonly string[];
  readonly reporters: number;
  readonly lastSeen: number;
}

/** RFC 8460 §4.4. */
export interface TlsReportPolicy {
  readonly type: 'sts' | 'tlsa' | 'no-policy-found';
  readonly domain: string;
  readonly mxHosts: readonly string[];
  readonly successes: number;
  readonly failures: number;
  readonly details: readonly {
    readonly resultType: string;
    readonly sendingIp?: string;
    readonly mxHost?: string;
    readonly receivingIp?: string;
    readonly count: number;
    readonly reason?: string;
  }[];
}

export interface TlsReport {
  readonly organization: string;
  readonly reportId: string;
  readonly contact?: string;
  /** Milliseconds since 1970. */
  readonly begin: number;
  readonly end: number;
  readonly policies: readonly TlsReportPolicy[];
}

/** Somebody said that our message is spam. */
export interface Complaint {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Who told: the provider's name or domain. */
  readonly reporter: string;
  readonly kind: 'abuse' | 'not-spam' | 'opt-out' | 'other';
  /** Domain of From in the message complained about. */
  readonly fromDomain: string;
  readonly dkimDomain?: string;
  readonly sourceIp?: string;
  /** Ours, when the message was recognised. */
  readonly messageId?: string;
  readonly recipient?: string;
  readonly stream?: string;
}

/** What one report says of one source. */
export type DmarcReportSource = Omit<DmarcSourceSummary, 'domain' | 'reporters' | 'lastSeen'>;

/** Thousands of sources in one piece: as objects they would hold up each thread that hands them on. */
export interface PackedSources {
  readonly count: number;
  /** JSON of DmarcReportSource[]. */
  readonly json: string;
}

export function packSources(sources: readonly DmarcReportSource[]): PackedSources {
  return { count: sources.length, json: JSON.stringify(sources) };
}

/** How a report came. */
export interface ReportArrival {
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** Domain that a passing signature or SPF names; `import`, `this server` where there is none. */
  readonly broughtBy: string;
  /** False: nothing vouches for who brought it; it is kept apart. */
  readonly believed: boolean;
}

export type ReportKind = 'dmarc' | 'tls' | 'complaint' | 'other';

/** What became of a report. `flood`: who brought it has sent too many today. */
export type ReportWrite = 'stored' | 'duplicate' | 'flood';

/** Where reports are kept. */
export interface ReportSink {
  addDmarc(report: { readonly head: DmarcReportHead; readonly sources: PackedSources }, arrival: ReportArrival): Promise<ReportWrite>;
  /** `domain`: ours, that the policies given are about. */
  addTls(report: TlsReport, domain: string, arrival: ReportArrival): Promise<ReportWrite>;
  /** `digest`: of what makes two complaints the same one. */
  addComplaint(complaint: Complaint, digest: string, arrival: ReportArrival): Promise<ReportWrite>;
  /** Counts a report that is not kept; `cause` in kebab-case. */
  noteIgnored(kind: ReportKind, cause: string, arrival: ReportArrival): Promise<void>;
}
