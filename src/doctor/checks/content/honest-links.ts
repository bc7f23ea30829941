/** Links lead where they say, and nothing is hidden from the reader. */
import { oddLinks } from '../../../verify/content/link.ts';
import { HIDDEN_CHARS_USUAL, hiddenLetters } from '../../../verify/content/rules/link-rules.ts';
import { defineCheck, fail, pass, skip, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

const SHOWN_MAX = 4;
const URL_CHARS_SHOWN = 80;

export const honestLinks = defineCheck<MessageSubject>({
  id: 'honest-links', about: 'message', title: 'Links and hidden text', weight: 0.7,
  why: 'Links that show another site than they lead to, addresses in place of names, shorteners and hidden words are what phishing is made of.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (_context, { reading, sample }) => {
    if (sample) return skip('A message that this server made to look at itself.');
    const hidden = hiddenLetters(reading);
    const odd = oddLinks(reading.links);
    const faults = [
      ...odd.map(({ link, words }) => `${link.url.slice(0, URL_CHARS_SHOWN)} ${words}`),
      ...(hidden > HIDDEN_CHARS_USUAL ? [`${hidden} letters are hidden from the reader`] : []),
    ];
    if (faults.length === 0) return pass(reading.links.length === 0 ? 'There are no links.' : `${reading.links.length} links lead where they say.`);
    const more = faults.length > SHOWN_MAX ? `; and ${faults.length - SHOWN_MAX} more` : '';
    const text = `${faults.slice(0, SHOWN_MAX).join('; ')}${more}.`;
    const remedy = 'Link directly to pages by their host names, let the text of a link be words or the same site, and take hidden text out.';
    // Neither a click counter nor a port misleads anybody.
    const grave = odd.filter(({ oddity }) => oddity !== 'click-counter' && oddity !== 'odd-port').length + faults.length - odd.length;
    return grave < 2 ? warn(text, remedy) : fail(text, remedy);
  },
});
