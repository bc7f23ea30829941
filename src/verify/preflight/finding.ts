/** What preflight can find wrong with a message on its way out, each with how to mend it. Names are stable. */
import type { Reply } from '../../contract/message.ts';

export const FINDING_IDS = [
  'ptr-missing', 'ptr-unknown', 'ehlo-invalid', 'ehlo-mismatch',
  'sender-domain-missing',
  'spf-fail', 'spf-softfail', 'spf-none', 'spf-error',
  'dkim-none', 'dkim-fail', 'dkim-weak',
  'dmarc-reject', 'dmarc-quarantine', 'dmarc-none', 'dmarc-unaligned', 'dkim-unaligned', 'unauthenticated',
  'from-missing', 'from-multiple', 'from-malformed',
  'message-id-missing', 'message-id-malformed', 'date-missing', 'date-odd', 'duplicate-header', 'header-broken',
  'header-eight-bit', 'body-eight-bit', 'line-too-long', 'too-large',
  'one-click-missing', 'one-click-unsigned',
  'content-spam', 'link-odd', 'mime-broken', 'mime-odd', 'text-html', 'domain-listed',
] as const;
export type FindingId = (typeof FINDING_IDS)[number];

/** Of what lies outside the message: once it is mended, the same message goes. All others are in the message, or in what was signed with it. */
const MENDED_OUTSIDE: ReadonlySet<FindingId> = new Set([
  'ptr-missing', 'ptr-unknown', 'ehlo-invalid', 'ehlo-mismatch', 'sender-domain-missing', 'spf-fail', 'spf-softfail', 'spf-none', 'spf-error', 'dkim-fail', 'dmarc-reject', 'dmarc-quarantine', 'dmarc-none', 'unauthenticated', 'domain-listed',
]);

export function isMendedOutside({ id }: Pick<Finding, 'id'>): boolean {
  return MENDED_OUTSIDE.has(id);
}

export interface Finding {
  readonly id: FindingId;
  /** One sentence: what is wrong, with the names and values concerned. */
  readonly text: string;
  /** One sentence: what to do. */
  readonly fix: string;
  /** DNS could not tell: what is wrong now may be right in a minute. */
  readonly uncertain?: true;
}

/** A finding that a receiver is known to answer, with the answer. */
export interface Prediction {
  readonly finding: Finding;
  /** In the words of the receiver. */
  readonly reply: Reply;
}

export interface PreflightReport {
  /** Key and title of the receiving site that was judged for. */
  readonly site: string;
  readonly siteTitle: string;
  /** Everything found, known to be answered or not. */
  readonly findings: readonly Finding[];
  /** What this receiver would answer first; absent when nothing known stands in the way. */
  readonly prediction?: Prediction;
}
