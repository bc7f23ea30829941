/** Is a sending address on smaller lists? */
import { defineCheck, fail, warn, type AddressSubject } from '../../check.ts';
import { answersOfLists, listedBy, notListed } from './list-answers.ts';

const MINOR_FAIL = 3;
/** That one listing costs. */
const EACH = 0.2;

export const minorLists = defineCheck<AddressSubject>({
  id: 'minor-lists', about: 'address', title: 'Smaller lists', weight: 0.6,
  why: 'One of them says little; several say that something is wrong.',
  link: 'https://www.rfc-editor.org/rfc/rfc6471',
  run: async (context, subject) => {
    const answers = await answersOfLists(context, subject, ({ tier }) => tier !== 'A');
    const hits = listedBy(answers);
    if (hits.length === 0) return notListed(subject.address, answers);
    const text = `${subject.address} is listed by ${hits.map(({ title }) => title).join(', ')}.`;
    const remedy = hits.map(({ list }) => `${list.title}: ${list.advice} ${list.removal}`).join(' ');
    // Of a warning half counts.
    return hits.length >= MINOR_FAIL ? fail(text, remedy) : { ...warn(text, remedy), weight: 2 * EACH * hits.length };
  },
});
