/** Is a sending address on other lists that large receivers use? */
import { defineCheck, fail, type AddressSubject } from '../../check.ts';
import { isZen } from '../../../verify/dnsbl/lists.ts';
import { answersOfLists, listedBy, notListed } from './list-answers.ts';

export const majorLists = defineCheck<AddressSubject>({
  id: 'major-lists', about: 'address', title: 'Other lists that large receivers use', weight: 1,
  why: 'Barracuda and SpamCop decide at many receivers.',
  link: 'https://www.barracudacentral.org/lookups',
  run: async (context, subject) => {
    const answers = await answersOfLists(context, subject, (list) => list.tier === 'A' && !isZen(list));
    const hits = listedBy(answers);
    if (hits.length === 0) return notListed(subject.address, answers);
    const found = fail(`${subject.address} is listed by ${hits.map(({ title, meanings }) => `${title} (${meanings.join('; ')})`).join(', ')}.`, hits.map(({ list }) => `${list.title}: ${list.advice} ${list.removal}`).join(' '));
    return { ...found, weight: hits.length };
  },
});
