/** Is SPF well-formed, and does it end in something that means anything? */
import { surveySpf } from '../../../verify/spf/survey.ts';
import { defineCheck, fail, pass, warn, type DomainSubject } from '../../check.ts';
import { mendedSpf, NO_SPF } from './spf-reading.ts';

export const spfSyntax = defineCheck<DomainSubject>({
  id: 'spf-syntax', about: 'domain', title: 'SPF syntax and ending', weight: 1,
  why: 'One wrong word makes the whole record an error; an ending that lets everybody pass makes it useless.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-5.1',
  run: async ({ dns }, { domain }) => {
    const survey = await surveySpf(dns, domain);
    if (survey.problem?.startsWith('syntax error')) return fail(`The SPF record of ${domain} has a ${survey.problem}.`, 'Correct that term; posthorn spf explain shows the record term by term.');
    if (survey.problem !== undefined) return NO_SPF;
    const mended = mendedSpf(domain, [survey.text], { ending: '~all' });
    const ending = survey.terms.find(({ type }) => type === 'all');
    if (!ending) return survey.terms.some(({ type }) => type === 'redirect') ? pass('The record ends in another one.') : warn('The record has no ending, which says nothing about others.', 'Publish this record in its place.', mended);
    if (ending.qualifier === '+') return fail('The record ends in +all: everybody may send for the domain.', 'Publish this record in its place, when it names everything that sends for the domain.', mended);
    if (ending.qualifier === '?') return warn('The record ends in ?all, which says nothing about others.', 'Publish this record in its place.', mended);
    return pass(`The record is well-formed and ends in ${ending.qualifier}all.`);
  },
});
