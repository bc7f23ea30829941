/** Is a sending address on Spamhaus ZEN? */
import { defineCheck, fail, warn, type AddressSubject } from '../../check.ts';
import { isZen } from '../../../verify/dnsbl/lists.ts';
import { answersOfLists, listedBy, notListed } from './list-answers.ts';

const POLICY = 'The PBL is no accusation: it holds addresses of access lines and of machines whose owner has not said yet that they send mail. If the address is static and yours, have it taken off; that takes minutes. If it is that of an access line, send through a smarthost ([relay] in posthorn.toml).';
const CURE = 'Find out what was sent before you ask for removal (posthorn queue list shows what waits, and from whom): a broken-into account or program, or a list of old addresses. Stop it; who asks too early is listed again.';

export const spamhaus = defineCheck<AddressSubject>({
  id: 'spamhaus', about: 'address', title: 'Spamhaus ZEN', weight: 4, cap: 4,
  why: 'Most large receivers refuse what Spamhaus lists.',
  link: 'https://check.spamhaus.org/',
  run: async (context, subject) => {
    const answers = await answersOfLists(context, subject, isZen);
    const [hit] = listedBy(answers);
    if (!hit) return notListed(subject.address, answers);
    const text = `${subject.address} is listed: ${hit.meanings.join('; ')}.`;
    const policy = hit.meanings.filter((meaning) => meaning.startsWith('PBL'));
    const remedy = [...(policy.length > 0 ? [POLICY] : []), ...(policy.length < hit.meanings.length ? [CURE] : [])].join(' ');
    return (policy.length === hit.meanings.length ? warn : fail)(text, `${remedy} Ask about ${subject.address} at ${hit.list.removal}`);
  },
});
