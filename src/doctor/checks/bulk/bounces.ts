/** How much of our mail comes back, and how much of it because the address is dead. */
import { defineCheck, fail, pass, skip, warn, type DomainSubject } from '../../check.ts';
import type { SiteFigures } from '../../figures.ts';
import { percent } from './share.ts';

const GOOD = 0.02;
const BAD = 0.05;
const RECIPIENTS_MIN = 100;
const SITES_SHOWN = 3;

export const bounces = defineCheck<DomainSubject>({
  id: 'bounces', about: 'domain', title: 'Returned mail', weight: 1,
  why: 'Mail to many dead addresses looks like that of somebody who bought a list; providers slow it down, then refuse it.',
  link: 'https://senders.yahooinc.com/best-practices/',
  run: async (_context, { domain, figures }) => {
    if (!figures) return skip('What became of its mail is not known here.');
    const { sites } = figures;
    const sum = (read: (site: SiteFigures) => number): number => sites.reduce((total, site) => total + read(site), 0);
    const [delivered, hard, soft] = [sum((site) => site.delivered), sum((site) => site.hard), sum((site) => site.soft)];
    const all = delivered + hard + soft;
    if (all < RECIPIENTS_MIN) return pass(`${domain} sent too little in the last week for a rate (${all} recipients).`);
    const share = (hard + soft) / all;
    const text = `${percent(share)} of ${all} recipients of ${domain} in the last week could not be reached: ${hard} dead addresses, ${soft} for other reasons.`;
    if (share < GOOD) return pass(text);
    const worst = sites.toSorted((a, b) => b.hard + b.soft - (a.hard + a.soft)).slice(0, SITES_SHOWN).map((site) => `${site.site} ${site.hard + site.soft}`).join(', ');
    const remedy = hard >= soft
      ? 'Take dead addresses off your lists; Posthorn does not write to them again: posthorn suppression list shows them. Have new addresses confirm that they are theirs.'
      : 'See what the receivers said: posthorn queue why, and posthorn trace for a single message.';
    return share < BAD ? warn(`${text} Most at: ${worst}.`, remedy) : fail(`${text} Most at: ${worst}.`, remedy);
  },
});
