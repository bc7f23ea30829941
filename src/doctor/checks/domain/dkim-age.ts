/** Are the published keys in earnest, and not old? */
import { keyRecordOf } from '../../../verify/dkim/judge-published.ts';
import { defineCheck, pass, warn, type DomainSubject } from '../../check.ts';
import { changeOver, ofPublished } from './dkim-reading.ts';

const YEAR_MS = 365 * 86_400_000;

export const dkimAge = defineCheck<DomainSubject>({
  id: 'dkim-age', about: 'domain', title: 'DKIM flags and age', weight: 0.3,
  why: 'A key that says it is a test may be ignored; an old one may have been copied.',
  link: 'https://www.rfc-editor.org/rfc/rfc6376#section-3.6.1',
  run: async (context, subject) => ofPublished(context, subject, (key, own) => {
    const { selector, createdAt } = own;
    if (key.testing) return warn(`The key ${selector} says that it is a test (t=y).`, 'Publish this record in its place, which does not say so.', keyRecordOf({ ...own, domain: subject.domain }));
    if (context.now - createdAt > YEAR_MS) return warn(`The key ${selector} is older than a year.`, changeOver(subject.domain));
    return pass('');
  }, 'The keys are younger than a year and in earnest.'),
});
