/** Is SPF within the look-ups that receivers do? */
import { shownTerm } from '../../../verify/spf/record.ts';
import { defineCheck, fail, pass, warn, type DomainSubject } from '../../check.ts';
import { mendedSpf, NO_SPF, usableSpf } from './spf-reading.ts';

export const spfLookups = defineCheck<DomainSubject>({
  id: 'spf-lookups', about: 'domain', title: 'SPF look-ups', weight: 2,
  why: 'Receivers stop after ten look-ups, or two that find nothing, and take the record for an error.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-4.6.4',
  run: async (context, subject) => {
    const survey = await usableSpf(context, subject);
    if (!survey) return NO_SPF;
    const { lookups, voids } = survey;
    const flatten = `Remove services that you do not use, or write them out: posthorn spf flatten ${subject.domain}`;
    if (lookups > 10) return fail(`The record costs ${lookups} look-ups, and 10 are allowed.`, flatten);
    const gone = survey.terms.filter((term) => term.voids > 0 && !term.record).map(({ term }) => term);
    const inside = survey.terms.filter((term) => term.voids > 0 && term.record).map(({ term }) => shownTerm(term));
    const remedy = [
      ...(gone.length === 0 ? [] : ['Publish this record in place of the one that is there: it is the same without the terms that name what is gone.']),
      ...(inside.length === 0 ? [] : [`Some of them are behind ${inside.join(', ')}: drop that if you do not use the service, or tell the service.`]),
    ].join(' ');
    const record = gone.length === 0 ? undefined : mendedSpf(subject.domain, [survey.text], { without: gone });
    const named = gone.length === 0 ? '' : ` (${gone.map(shownTerm).join(', ')})`;
    if (voids > 2) return fail(`${voids} look-ups of the record find nothing${named}, and 2 are allowed.`, remedy, record);
    if (voids > 0) return warn(`Of the look-ups of the record ${voids} ${voids === 1 ? 'finds' : 'find'} nothing${named}; 2 are allowed.`, remedy, record);
    if (lookups > 8) return warn(`The record costs ${lookups} of 10 look-ups: one more service, or one of theirs, and it is an error.`, flatten);
    return pass(`The record costs ${lookups} of 10 look-ups.`);
  },
});
