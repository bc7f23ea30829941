/** What [mailbox] and [retention] of posthorn.toml say, apart from how they are read (mailbox-settings.ts): threads that are told them read no settings. */

export interface MailboxConfig {
  /** Of one account, unless it has a limit of its own. Default: no limit. */
  readonly quotaBytes?: number;
  readonly quotaMessages?: number;
  /** What a sender is told when a mailbox is full: try again later, or no. Default `defer`. */
  readonly whenFull: 'defer' | 'refuse';
}

export interface RetentionConfig {
  /** Milliseconds; 0: expunged mail is gone at once. Default 14 days. */
  readonly undeleteMs: number;
  /** Milliseconds after which mail in Trash, and in Junk, is expunged; 0: never. Default 30 days each. */
  readonly trashMs: number;
  readonly junkMs: number;
}

const DAY_MS = 86_400_000;

export const DEFAULT_MAILBOX: MailboxConfig = { whenFull: 'defer' };
export const DEFAULT_RETENTION: RetentionConfig = { undeleteMs: 14 * DAY_MS, trashMs: 30 * DAY_MS, junkMs: 30 * DAY_MS };
