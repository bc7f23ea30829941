/** Are the published keys in earnest, and not old? */
import { keyRecordOf } from '../../../verify/dkim/judge-published.ts';
import { fetchKey } from '../../../verify/dkim/key-record.ts';
import { defineCheck, fail, pass, warn, type DoctorContext, type DomainSubject, type Finding } from '../../check.ts';
import { changeOver, ofPublished } from './dkim-reading.ts';

const YEAR_MS = 365 * 86_400_000;

/** That what is signed with such a key fails is said beside the other keys that are not published right. */
async function withRevoked({ dns }: DoctorContext, { domain, keys }: DomainSubject): Promise<Finding | undefined> {
  const found = await Promise.all(keys.map(async (key) => ({ key, found: await fetchKey(dns, key.selector, domain) })));
  const revoked = found.find((each) => each.found.kind === 'none' && each.found.revoked)?.key;
  return revoked && fail(`The key ${revoked.selector} is published as revoked (p= is empty), and this server signs with it.`, changeOver(domain));
}

export const dkimAge = defineCheck<DomainSubject>({
  id: 'dkim-age', about: 'domain', title: 'DKIM flags and age', weight: 0.3,
  why: 'A key that says it is a test may be ignored; an old one may have been copied.',
  link: 'https://www.rfc-editor.org/rfc/rfc6376#section-3.6.1',
  run: async (context, subject) => (await withRevoked(context, subject)) ?? ofPublished(context, subject, (key, own) => {
    const { selector, createdAt } = own;
    if (key.testing) return warn(`The key ${selector} says that it is a test (t=y).`, 'Publish this record in its place, which does not say so.', keyRecordOf({ ...own, domain: subject.domain }));
    if (context.now - createdAt > YEAR_MS) return warn(`The key ${selector} is older than a year.`, changeOver(subject.domain));
    return pass('');
  }, 'The keys are younger than a year and in earnest.'),
});
