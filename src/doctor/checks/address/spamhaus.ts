/** Is a sending address on Spamhaus ZEN? */
import { defineCheck, fail, warn, type AddressSubject } from '../../check.ts';
import { isZen } from '../../../verify/dnsbl/lists.ts';
import { answersOfLists, listedBy, notListed } from './list-answers.ts';

export const spamhaus = defineCheck<AddressSubject>({
  id: 'spamhaus', about: 'address', title: 'Spamhaus ZEN', weight: 4, cap: 4,
  why: 'Most large receivers refuse what Spamhaus lists.',
  link: 'https://check.spamhaus.org/',
  run: async (context, subject) => {
    const answers = await answersOfLists(context, subject, isZen);
    const [hit] = listedBy(answers);
    if (!hit) return notListed(subject.address, answers);
    const text = `${subject.address} is listed: ${hit.meanings.join('; ')}.`;
    return hit.meanings.every((meaning) => meaning.startsWith('PBL')) ? warn(text, `${hit.list.advice} ${hit.list.removal}`) : fail(text, `${hit.list.advice} ${hit.list.removal}`);
  },
});
