/** What providers tell senders about their mail on pages that need an account: Google Postmaster Tools, Microsoft SNDS. */

export type DashboardProvider = 'google' | 'microsoft';

/** Of one day (`2026-11-20`) and one domain or address. */
export interface DashboardFigures {
  readonly provider: DashboardProvider;
  /** A domain (google) or an IP address in canonical text (microsoft). */
  readonly subject: string;
  readonly day: string;
  /** Share of the mail in the inbox that people called spam: 0.003 is 0.3 %. */
  readonly spamRate?: number;
  /** google: requirements for senders, as `SPF_AND_DKIM`. */
  readonly requirements?: readonly { readonly requirement: string; readonly met: boolean; readonly reason?: string }[];
  /** microsoft: how its filter judged. */
  readonly colour?: 'green' | 'yellow' | 'red';
  readonly messages?: number;
  readonly trapHits?: number;
  /** microsoft: why mail from there is blocked; absent: it is not. */
  readonly blocked?: string;
}

/** Of the last look at a provider. */
export interface DashboardRun {
  readonly provider: DashboardProvider;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly ok: boolean;
  /** What is in the way, and what to do; '' when nothing is. */
  readonly detail: string;
}
