/** Is SPF within the look-ups that receivers do? */
import { defineCheck, fail, pass, warn, type DomainSubject } from '../../check.ts';
import { NO_SPF, usableSpf } from './spf-reading.ts';

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
    if (voids > 2) return fail(`${voids} look-ups of the record find nothing, and 2 are allowed.`, 'Remove the terms that name what is gone; posthorn spf explain shows them.');
    if (lookups > 8 || voids > 0) return warn(`The record costs ${lookups} of 10 look-ups, ${voids} of which find nothing.`, flatten);
    return pass(`The record costs ${lookups} of 10 look-ups.`);
  },
});
