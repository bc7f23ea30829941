/**
 * Whom a final refusal means that no rule knows by its words, as far as can be told from what surrounds it. Pure.
 *
 * Policy: a message that is returned wrongly is lost, one that is kept wrongly costs a few tries and a late answer. So such
 * a refusal is believed only
 * - when something speaks for it: mail came through between one refusal of this recipient or message and the next, or a
 *   code that blames the recipient, or a known provider's general words, stand alone;
 * - or when the tries of an unclear one are used up. RFC 5321 §4.2.1: the same should not be asked again and again.
 * Many of them with nothing taken in between are a block, whatever the words: of recipients it takes more than of messages,
 * because addresses may be dead; most where the code blames the recipient, or the words differ.
 */
import { REPLY_LIMITS } from '../../base/reply-limits.ts';
import type { VagueBlame } from '../../mail/reply-meaning/refused-alike.ts';

export interface RefusalFacts {
  /** What was being asked: before MAIL; at RCPT; at MAIL, DATA or behind the content. */
  readonly stage: 'opening' | 'recipient' | 'message';
  /** Whom the reply names; `sender` also when its words name the sender's domain, `recipient` at RCPT only. */
  readonly blame: VagueBlame;
  /** General words, in which this provider is known to refuse a recipient or message. */
  readonly documented: boolean;
  /** Recipients or messages refused since the site took anything (of the same domain, behind RCPT), this one among them. */
  readonly since: { readonly inTheseWords: number; readonly inAny: number };
  /** A lane of ours is closed because of such refusals. */
  readonly closed: boolean;
  /** The site, or another one in the same words, refused everybody within a day. */
  readonly knownBlock: 'here' | 'elsewhere' | undefined;
  /** How often something was taken between two refusals of this recipient or message. */
  readonly passedOver: number;
  /** No other was refused at those times. */
  readonly alone: boolean;
  /** What was refused so at this site has been taken later. */
  readonly passing: boolean;
  /** Tries of this message that ended so, this one among them. */
  readonly tries: number;
  /** Since its first refusal. */
  readonly forMs: number;
}

export type Verdict =
  /** The reply is what it says: about this recipient or message. */
  | { readonly kind: 'believe'; readonly proven: boolean }
  /** Nothing has shown whom it means, and its tries are used up. */
  | { readonly kind: 'give-up' }
  /** It is us, or the site takes nothing from anybody. */
  | { readonly kind: 'block' }
  /** As `ask-again`, at a site that was known to refuse everybody: it may have had enough. */
  | { readonly kind: 'again' }
  | { readonly kind: 'ask-again'; readonly afterMs: number };

const BELIEVED: Verdict = { kind: 'believe', proven: false };
const PROVEN: Verdict = { kind: 'believe', proven: true };

export function weigh(facts: RefusalFacts): Verdict {
  const { stage, closed, passedOver, knownBlock, tries } = facts;
  // Who is refused before MAIL waits anyway.
  if (stage === 'opening') return closed || facts.since.inTheseWords >= REPLY_LIMITS.alikeMin ? { kind: 'block' } : BELIEVED;
  if (closed || isMany(facts)) return isFewForLong(facts) ? { kind: 'give-up' } : { kind: 'block' };
  if (passedOver >= proofOf(facts)) return PROVEN;
  if (knownBlock === 'here') return passedOver > 1 && tries > REPLY_LIMITS.alikeTriesMax ? PROVEN : { kind: 'again' };
  if (isPlain(facts)) return BELIEVED;
  return tries < triesMax(facts) ? { kind: 'ask-again', afterMs: waitMs(tries) } : { kind: 'give-up' };
}

/** So many that they are no fault of recipients. */
function isMany(facts: RefusalFacts): boolean {
  const { inTheseWords, inAny } = facts.since;
  return inTheseWords >= countOfBlock(facts) || inAny >= REPLY_LIMITS.alikeInAnyWordsMin;
}

function countOfBlock({ stage, blame, knownBlock }: RefusalFacts): number {
  if (blame === 'recipient') return REPLY_LIMITS.alikeInAnyWordsMin;
  if (knownBlock === 'elsewhere') return REPLY_LIMITS.alikeElsewhereMin;
  return stage === 'message' || blame === 'sender' ? REPLY_LIMITS.alikeMin : REPLY_LIMITS.alikeRecipientsMin;
}

/** Some addresses, to which alone is written there, may all be dead: they do not wait as long as a block. */
function isFewForLong({ stage, blame, since, forMs, tries }: RefusalFacts): boolean {
  return stage === 'recipient' && blame !== 'sender' && since.inAny < REPLY_LIMITS.alikeInAnyWordsMin && forMs >= REPLY_LIMITS.fewRefusedForMs && tries > 1;
}

/** How much has to pass it over: what ran into others, or passes as a rule, may be about how much was sent. */
function proofOf({ alone, passing, knownBlock }: RefusalFacts): number {
  return passing || knownBlock !== undefined ? REPLY_LIMITS.alikeTriesMax : alone ? 1 : 2;
}

/** The standard's own code for it, or words of a known provider; and nothing near that contradicts it. */
function isPlain({ blame, documented, since, passing, tries, knownBlock }: RefusalFacts): boolean {
  return (documented || blame === 'recipient') && since.inAny <= 1 && tries <= 1 && !passing && knownBlock === undefined;
}

/** A code that blames the recipient is doubted the longer the more of them it was said of. */
function triesMax({ blame, since }: RefusalFacts): number {
  return blame === 'recipient' && since.inAny < REPLY_LIMITS.alikeRecipientsMin ? REPLY_LIMITS.unclearTriesAgainstCodeMax : REPLY_LIMITS.unclearTriesMax;
}

/** After so many tries; growing, because what ends soon ends early, and what lasts lasts long. */
function waitMs(tries: number): number {
  return Math.min(REPLY_LIMITS.unclearRetryMinMs * REPLY_LIMITS.unclearRetryFactor ** (tries - 1), REPLY_LIMITS.unclearRetryMaxMs);
}
