/** What [feedback] of posthorn.toml says, apart from how it is read (feedback-settings.ts): threads that are told it read no settings. */

export interface FeedbackConfig {
  /** Local parts, in lower case, that the server reads reports at in every domain of its own. */
  readonly addresses: readonly string[];
  /** Milliseconds that reports are kept. */
  readonly keepMs: number;
  /** Bulk mail says where complaints go (RFC 9477), and names itself to Gmail's Postmaster Tools. */
  readonly headers: boolean;
}

/** The records of `posthorn dns records` name the first two; complaints come to the others. */
const ADDRESSES = ['dmarc', 'tls', 'fbl', 'abuse-reports', 'abuse'];

export const DEFAULT_FEEDBACK: FeedbackConfig = { addresses: ADDRESSES, keepMs: 400 * 86_400_000, headers: false };
