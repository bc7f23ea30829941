/** What spam filters hold against the words and the build of a message, as rules with scores. */
import { hitRules, spamScore } from '../../../verify/content/spam-rule.ts';
import { defineCheck, fail, pass, skip, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

/** Where filters such as SpamAssassin and rspamd begin to mind, and where they call it spam. */
const WARN_FROM = 2;
const FAIL_FROM = 5;

export const spamRules = defineCheck<MessageSubject>({
  id: 'spam-rules', about: 'message', title: 'Spam score', weight: 2.5, cap: 4,
  why: 'Filters add up small signs. These rules are of our own, with scores of the usual size: below 2 is clean, 5 and more is spam.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { reading, sample }) => {
    if (sample) return skip('A message that this server made to look at itself.');
    const hits = hitRules(reading);
    const score = spamScore(hits);
    const named = hits.map(({ rule, what, score: own }) => `${what} (${rule}, ${own})`).join('; ');
    if (score < WARN_FROM) return pass(hits.length === 0 ? 'No rule hits: the score is 0.' : `The score is ${score}, which is clean: ${named}.`);
    const text = `The score is ${score}, and 5 is spam: ${named}.`;
    // A line for each, so that nobody has to guess which advice belongs to what.
    const remedy = hits.map(({ rule, what, why, score: own }) => `${rule} (${own} points), ${what}: ${why}`).join('\n');
    return score < FAIL_FROM ? warn(text, remedy) : fail(text, remedy);
  },
});
