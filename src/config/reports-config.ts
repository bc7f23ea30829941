/** What [reports] of posthorn.toml says, apart from how it is read (reports-settings.ts): threads that are told it read no settings. */

export interface ReportsConfig {
  /** DMARC aggregate reports about mail that came in (RFC 9990). */
  readonly dmarc: boolean;
  /** TLS reports about mail that went out (RFC 8460). */
  readonly tls: boolean;
  /** Absent: the host name. */
  readonly organization?: string;
  /** Absent: postmaster@ the origin, else the host name. */
  readonly from?: string;
}

export const DEFAULT_REPORTS: ReportsConfig = { dmarc: true, tls: true };
