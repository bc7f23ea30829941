/** What was concluded of a reply beyond its own words, from what the same receiver answered to other mail. */
import type { Culprit, FaultClass, Meaning } from './reply-rule.ts';

/** Rule of what was concluded from refusals that are alike. */
export const REFUSED_ALIKE = 'refused-alike';

/** Kept on the timeline beside the reply. */
export interface Evidence {
  readonly culprit: Extract<Culprit, 'source-ip' | 'dkim-domain' | 'spf-domain' | 'capacity'>;
  /** What was seen and what follows from it, in sentences. */
  readonly text: string;
  /** Addresses that the same refusals hit before this was known: they are no more to blame. */
  readonly innocent?: readonly string[];
}

export interface Concluded extends Meaning {
  readonly faultClass: FaultClass;
  readonly source: string;
  readonly rule: typeof REFUSED_ALIKE;
}

/** `capacity` is the suspicion that it had enough for now; the others are refused for what they are. */
export function concludedFrom({ culprit, text }: Pick<Evidence, 'culprit' | 'text'>): Concluded {
  return {
    rule: REFUSED_ALIKE, culprit, faultClass: culprit === 'capacity' ? 'rate' : 'block', meaning: text,
    nextStep: 'Read its words; look the address up with `posthorn ip check`, then write to the receiver\'s postmaster with the whole reply. It is tried again by itself.',
    source: 'what this receiver answered to other mail',
  };
}

/** Where only the rule is known. */
export const REFUSED_ALIKE_MEANING = concludedFrom({
  culprit: 'source-ip', text: 'The receiver refuses one after the other in the same words, which no rule knows, and takes nothing in between: it is us that it does not want, and not the recipients.',
});
