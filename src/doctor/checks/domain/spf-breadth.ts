/** How many addresses may send for the domain? */
import { countAddresses } from '../../../verify/spf/address-set.ts';
import { shownTerm } from '../../../verify/spf/record.ts';
import { defineCheck, fail, pass, skip, warn, type DomainSubject } from '../../check.ts';
import { NO_SPF, usableSpf } from './spf-reading.ts';

/** More addresses than one sender has. */
const WIDE = 4096n;
const TOO_WIDE = 65_536n;

export const spfBreadth = defineCheck<DomainSubject>({
  id: 'spf-breadth', about: 'domain', title: 'SPF is narrow', weight: 0.5,
  why: 'Everybody behind an allowed address passes as the domain.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-11.4',
  run: async (context, subject) => {
    const survey = await usableSpf(context, subject);
    if (!survey) return NO_SPF;
    if (!survey.passes) return skip('How many addresses pass depends on the sender or could not be looked up.');
    const count = countAddresses(survey.passes[4]);
    const wide = survey.terms.filter(({ covers }) => covers !== undefined && countAddresses(covers[4]) > WIDE && countAddresses(covers[4]) <= count).map(({ term }) => shownTerm(term));
    const by = wide.length === 0 ? '' : `, most of them by ${wide.join(', ')}`;
    const remedy = 'Name your own addresses instead of whole networks; drop services that you do not use.';
    if (count > TOO_WIDE) return fail(`${count} IPv4 addresses may send for ${subject.domain}${by}.`, remedy);
    return count > WIDE ? warn(`${count} IPv4 addresses may send for ${subject.domain}${by}.`, remedy) : pass(`${count} IPv4 addresses may send for ${subject.domain}.`);
  },
});
