/** The pages that a message links to are there. */
import { defineCheck, fail, pass, skip, warn } from '../../check.ts';
import { probeLinks, type ProbedLink } from '../../message/link-probe.ts';
import type { MessageSubject } from '../../message/subject.ts';

const SHOWN_MAX = 4;
const URL_CHARS_SHOWN = 80;

export const linksAnswer = defineCheck<MessageSubject>({
  id: 'links-answer', about: 'message', title: 'Links answer', weight: 0.7,
  why: 'Dead links annoy readers, and filters that follow links take them for those of a site that was shut down.',
  link: 'https://www.rfc-editor.org/rfc/rfc9110#section-15',
  run: async ({ network }, { reading, sample }) => {
    if (sample) return skip('A message that this server made to look at itself.');
    if (reading.links.length === 0) return pass('There are no links.');
    if (!network?.linkFetch) return { level: 'unknown', text: 'Links are not followed here.' };
    const probed = await probeLinks(network.linkFetch, reading.links);
    const of = (kind: ProbedLink['kind']): readonly ProbedLink[] => probed.filter((each) => each.kind === kind);
    const dead = of('dead');
    const elsewhere = of('redirect');
    if (dead.length > 0) return fail(`${dead.length} of ${probed.length} links do not work: ${shown(dead)}.`, 'Correct the address, or put the page there.');
    if (elsewhere.length > 0) return warn(`${elsewhere.length} of ${probed.length} links lead on to another site: ${shown(elsewhere)}.`, 'Link to the last address directly. If you count clicks, do it below your own domain.');
    const fine = of('answers').length;
    const untold = of('unknown');
    if (fine === 0) return untold.length === 0 ? pass('The only links are those that end a subscription or act at once, which are not tried.') : { level: 'unknown', text: `Whether the links work could not be found out: ${shown(untold)}.` };
    return pass(`${fine} of ${probed.length} links answer.${untold.length > 0 ? ` Not known: ${shown(untold)}.` : ''}`);
  },
});

function shown(links: readonly ProbedLink[]): string {
  const first = links.slice(0, SHOWN_MAX).map(({ link, words }) => `${link.url.slice(0, URL_CHARS_SHOWN)} (${words})`).join('; ');
  return links.length > SHOWN_MAX ? `${first}; and ${links.length - SHOWN_MAX} more` : first;
}
