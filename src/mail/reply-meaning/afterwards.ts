/** What to do when a message is given up: advice that promises further attempts is true only while there are some. Pure. */
import type { Explanation } from './explain.ts';
import { IN_DOUBT } from './our-side.ts';

const PROMISES_A_TRY = /\b(?:tried|sent) again\b|\b(?:next|later|further) (?:attempt|try)\b|\bgoes by itself\b|\bnothing to do\b/i;

const GIVEN_UP = 'It is not tried any more. Send it again when the cause is gone, or reach the recipient by another way.';
const GIVEN_UP_IN_DOUBT = 'It is not sent any more, and may have arrived all the same: ask the recipient before you send it again.';

/** The next step of a recipient that has bounced or expired. */
export function nextStepAfterwards({ rule, nextStep }: Pick<Explanation, 'rule' | 'nextStep'>): string {
  if (IN_DOUBT.has(rule)) return GIVEN_UP_IN_DOUBT;
  return PROMISES_A_TRY.test(nextStep) ? GIVEN_UP : nextStep;
}
