/** Addresses that are not written to, why, and since when. Keys are addresses as mail/address.ts `addressKey` makes them. */

import type { Stream } from './sending.ts';

/** How an address came on the list. Only what a bounce put there is taken off by itself. */
export const SUPPRESSION_SOURCES = ['bounce', 'complaint', 'manual', 'import'] as const;
export type SuppressionSource = (typeof SUPPRESSION_SOURCES)[number];

export interface Suppression {
  readonly address: string;
  readonly source: SuppressionSource;
  /** Only mail of this stream is not sent; absent: none is. */
  readonly stream?: Stream;
  /** One sentence for people. */
  readonly reason: string;
  /** The rule of mail/reply-meaning that knew the reply. */
  readonly rule?: string;
  /** What the receiver said, in one line. */
  readonly reply?: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Milliseconds since 1970; absent: until it is removed. */
  readonly expiresAt?: number;
  /** When a person's letter was last let through in spite of it. */
  readonly triedAt?: number;
}

/** What came of entries that were put on the list; the rest stands there as it did. */
export interface SuppressionWrites {
  readonly added: number;
  /** Stood there with other words. */
  readonly changed: number;
}

/** What routing asks. */
export interface SuppressionLookup {
  /** The entry that holds at `nowMs`. Answered from memory for addresses that are not on the list. */
  find(address: string, nowMs: number): Promise<Suppression | undefined>;
  /** A letter is let through: not again for a day. */
  noteTried(address: string, atMs: number): Promise<void>;
}
