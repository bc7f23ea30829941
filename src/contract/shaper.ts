/**
 * The port between the queue, which knows what waits, and the shaper, which knows what may go: by source address, MX
 * site and DKIM domain. The queue asks before every delivery and tells how it went.
 */
import type { Explanation } from '../mail/reply-meaning/explain.ts';
import type { DeliveryOutcome } from './queue.ts';
import type { MxSite, Permit, Stream } from './sending.ts';

export interface SendRequest {
  readonly site: MxSite;
  readonly stream: Stream;
  /** Envelope sender; '' is the null sender. */
  readonly sender: string;
  readonly account?: string;
  /** d= of the signature that aligns with From; '' when unsigned. */
  readonly dkimDomain: string;
  readonly recipients: number;
  /** Milliseconds since 1970, of the message: new mail may be preferred to old. */
  readonly queuedAt: number;
}

export type Admission =
  | { readonly kind: 'go'; readonly permit: Permit }
  | {
      readonly kind: 'wait';
      /** Milliseconds since 1970; absent: until `onRoom` names the site (a delivery ended, a pause was lifted). */
      readonly until?: number;
      /** One sentence for `queue why`: why it waits, and what ends the wait. */
      readonly reason: string;
      /** Stable, kebab-case: `site-connections`, `lane-blocked`, `site-paused`, `warm-up-day` … */
      readonly rule: string;
      /**
       * Who else would be told the same, so that they are not asked about: `site` everybody who goes there, `stream` those
       * of this stream and of less urgent ones. Default `sender`: nobody else.
       */
      readonly concerns?: 'site' | 'stream' | 'sender';
    };

/** One recipient's outcome with what it means. */
export interface SendResult {
  readonly outcome: DeliveryOutcome;
  /** Absent when delivered. */
  readonly explanation?: Explanation;
  /** The site has never been asked about this recipient of this message before. */
  readonly firstTry?: boolean;
  /** Whom and what it was about: the recipient's address, and what tells one content from another. */
  readonly about?: { readonly recipient: string; readonly content: string };
  /** Attempts before this one, and the rule that the last of them was explained by. */
  readonly triesBefore?: number;
  readonly ruleBefore?: string;
}

export interface Shaper {
  /** Answers from memory, at once, and takes the place when it says `go`. */
  admit(request: SendRequest): Admission;
  /** The same answer without taking anything: for `queue why`. */
  preview(request: SendRequest): Admission;
  /**
   * Gives the place back and learns; no results: it was not used. Local failures (scope `local`) teach nothing about the peer.
   * Returns the results with what the replies mean in the light of what the site answered to others.
   */
  finish(permit: Permit, results: readonly SendResult[]): readonly SendResult[];
  /** Told the key of a site (or undefined for all) where more may go than before. */
  onRoom(listener: (siteKey: string | undefined) => void): void;
  /** Milliseconds of the first and longest wait between attempts for this site. */
  retryOf(site: MxSite): { readonly minMs: number; readonly maxMs: number } | undefined;
}
