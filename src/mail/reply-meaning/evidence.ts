/** What was concluded of a reply beyond its own words, from what the same receiver answered to other mail. */
import type { Culprit, FaultClass, Meaning } from './reply-rule.ts';

/** Rule of what was concluded from refusals that are alike. */
export const REFUSED_ALIKE = 'refused-alike';

/** Rule of a refusal of which nobody can tell yet whom it means, or never could. */
export const REFUSED_UNCLEAR = 'refused-unclear';

/** Kept on the timeline beside the reply. */
export interface Evidence {
  /** `policy`: unclear, or the recipient's or message's own; `capacity`: it may have had enough; the others are refused for what they are. */
  readonly culprit: Extract<Culprit, 'source-ip' | 'dkim-domain' | 'spf-domain' | 'theirs' | 'capacity' | 'policy'>;
  /** What was seen and what follows from it, in sentences. */
  readonly text: string;
  /** It is asked once more after so long, although it said that it is final: whom it means is unclear. */
  readonly askAgainMs?: number;
  /** Addresses that the same refusals hit before this was known: they are no more to blame. */
  readonly innocent?: readonly string[];
}

export interface Concluded extends Meaning {
  readonly faultClass: FaultClass;
  readonly source: string;
  readonly rule: typeof REFUSED_ALIKE | typeof REFUSED_UNCLEAR;
}

const SOURCE = 'what this receiver answered to other mail';

export function concludedFrom({ culprit, text }: Pick<Evidence, 'culprit' | 'text'>): Concluded {
  if (culprit === 'policy') {
    return { rule: REFUSED_UNCLEAR, culprit, faultClass: 'policy', meaning: text, nextStep: 'Read its words; check the address, and ask the receiver\'s postmaster with the whole reply.', source: SOURCE };
  }
  return {
    rule: REFUSED_ALIKE, culprit, faultClass: culprit === 'capacity' ? 'rate' : 'block', meaning: text, nextStep: culprit === 'theirs'
      ? 'Tell the receiver\'s postmaster what their server asks of everybody. It is tried again by itself.'
      : 'Read its words; look the address up with `posthorn ip check`, then write to the receiver\'s postmaster with the whole reply. It is tried again by itself.',
    source: SOURCE,
  };
}

/** Where only the rule is known. */
export const REFUSED_ALIKE_MEANING = concludedFrom({
  culprit: 'source-ip', text: 'The receiver refuses one message after the other and takes nothing in between: it is this server or the sender\'s domain that it does not want, and not the recipients.',
});

export const REFUSED_UNCLEAR_MEANING = concludedFrom({
  culprit: 'policy', text: 'The receiver refuses, in words that do not tell whom they mean: this recipient or message, or all mail from here.',
});
