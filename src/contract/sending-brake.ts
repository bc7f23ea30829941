/**
 * Who stops an account that suddenly sends far more than it ever did: asked once for each submitted message, before it
 * is committed. Plain values only, so that the question can go to another thread.
 */
import type { Reply } from './message.ts';

export interface SubmittedMessage {
  /** The account that logged in. */
  readonly account: string;
  readonly clientAddress?: string;
  readonly recipients: readonly string[];
  /** Sent by a script of the account. Within the same limits, but counted by itself; it pulls no brake, because strangers can cause it. */
  readonly automatic?: true;
}

export type BrakeVerdict =
  | { readonly kind: 'pass' }
  /** Take it, and keep it: all recipients are queued as `held` with this reason. */
  | { readonly kind: 'hold'; readonly reason: string; readonly rule: string }
  | { readonly kind: 'refuse'; readonly reply: Reply; readonly rule: string };

export interface SendingBrake {
  /** Counts the message. Rejects (temporary Failure) when the store does not answer. */
  judge(message: SubmittedMessage): Promise<BrakeVerdict>;
}

/** What administrators do with a running brake; the store has been changed already when `reload` is called. */
export interface BrakeControl {
  /** Reads what is stored about the account again. */
  reload(account: string): Promise<void>;
  /** Writes what was counted since the last time. */
  flush(): Promise<void>;
}

/** How the reason of a held recipient begins when the brake holds it: `brake release` finds them by it. */
export const BRAKE_REASON = 'account brake:';
