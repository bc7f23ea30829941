/** Does SPF fit into an answer? */
import { RECORD_OCTETS_WISE, STRING_OCTETS_MAX } from '../../../verify/spf/record-layout.ts';
import { defineCheck, fail, pass, warn, type DomainSubject } from '../../check.ts';
import { mendedSpf, NO_SPF, ownTerms, usableSpf } from './spf-reading.ts';

export const spfSize = defineCheck<DomainSubject>({
  id: 'spf-size', about: 'domain', title: 'SPF size', weight: 0.3,
  why: 'A record that does not fit into a small answer is not seen by everybody; the mechanism ptr is slow and given up.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-3.4',
  run: async (context, subject) => {
    const survey = await usableSpf(context, subject);
    if (!survey) return NO_SPF;
    if (survey.longestString > STRING_OCTETS_MAX) return fail(`A string of the record has ${survey.longestString} octets.`, `Publish it in several strings of at most ${STRING_OCTETS_MAX}.`);
    if (survey.terms.some(({ type }) => type === 'ptr')) return warn('The record uses ptr, which must not be used any more (RFC 7208): many receivers do not follow it.', 'Publish this record in its place: it names the addresses of this server instead. If other machines send for the domain, add theirs before the ending.', mendedSpf(subject.domain, [survey.text], { without: survey.terms.filter(({ type }) => type === 'ptr').map(({ term }) => term), add: ownTerms(subject.addresses) }));
    if (survey.octets > 512) return fail(`The record has ${survey.octets} octets.`, `Remove terms, or write it out into several: posthorn spf flatten ${subject.domain}`);
    if (survey.octets > RECORD_OCTETS_WISE) return warn(`The record has ${survey.octets} octets, close to what fits.`, `Remove what is not needed; posthorn spf explain ${subject.domain} shows what each term is for.`);
    return pass(`The record has ${survey.octets} octets.`);
  },
});
