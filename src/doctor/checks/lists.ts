/** DNS lists that have a sending address, by how much they matter. */
import { askLists, type ListAnswer } from '../../verify/dnsbl/ask-lists.ts';
import { DNS_LISTS, type DnsList } from '../../verify/dnsbl/lists.ts';
import { defineCheck, fail, pass, skip, warn, type AddressSubject, type DoctorContext, type Finding } from '../check.ts';

async function answersOf({ dns }: DoctorContext, { address }: AddressSubject, choose: (list: DnsList) => boolean): Promise<readonly ListAnswer[]> {
  return (await askLists(dns, address, DNS_LISTS.filter((list) => list.kind === 'block' && choose(list)))) ?? [];
}

function listedBy(answers: readonly ListAnswer[]): { readonly title: string; readonly meanings: readonly string[]; readonly list: DnsList }[] {
  return answers.flatMap(({ list, verdict }) => (verdict.kind === 'listed' ? [{ title: list.title, meanings: verdict.meanings, list }] : []));
}

/** Nothing was listed; when nobody answered, nobody knows. */
function clean(address: string, answers: readonly ListAnswer[]): Finding {
  if (answers.length === 0) return skip(`There are no such lists for ${address}.`);
  const silent = answers.flatMap(({ list, verdict }) => (verdict.kind === 'unknown' ? [`${list.title}: ${verdict.why}`] : []));
  if (silent.length === answers.length) return { level: 'unknown', text: `No answer that can be believed. ${silent.join('; ')}.` };
  return pass(`${address} is on none of ${answers.length - silent.length} lists that answered.`);
}

export const spamhaus = defineCheck<AddressSubject>({
  id: 'spamhaus', about: 'address', title: 'Spamhaus ZEN', weight: 4, cap: 4,
  why: 'Most large receivers refuse what Spamhaus lists.',
  link: 'https://check.spamhaus.org/',
  run: async (context, subject) => {
    const answers = await answersOf(context, subject, ({ zone }) => zone === 'zen.spamhaus.org');
    const [hit] = listedBy(answers);
    if (!hit) return clean(subject.address, answers);
    const text = `${subject.address} is listed: ${hit.meanings.join('; ')}.`;
    return hit.meanings.every((meaning) => meaning.startsWith('PBL')) ? warn(text, `${hit.list.advice} ${hit.list.removal}`) : fail(text, `${hit.list.advice} ${hit.list.removal}`);
  },
});

export const majorLists = defineCheck<AddressSubject>({
  id: 'major-lists', about: 'address', title: 'Other lists that large receivers use', weight: 1,
  why: 'Barracuda and SpamCop decide at many receivers.',
  link: 'https://www.barracudacentral.org/lookups',
  run: async (context, subject) => {
    const answers = await answersOf(context, subject, ({ tier, zone }) => tier === 'A' && zone !== 'zen.spamhaus.org');
    const hits = listedBy(answers);
    if (hits.length === 0) return clean(subject.address, answers);
    return fail(`${subject.address} is listed by ${hits.map(({ title, meanings }) => `${title} (${meanings.join('; ')})`).join(', ')}.`, hits.map(({ list }) => `${list.title}: ${list.advice} ${list.removal}`).join(' '));
  },
});

const MINOR_FAIL = 3;

export const minorLists = defineCheck<AddressSubject>({
  id: 'minor-lists', about: 'address', title: 'Smaller lists', weight: 0.6,
  why: 'One of them says little; several say that something is wrong.',
  link: 'https://www.rfc-editor.org/rfc/rfc6471',
  run: async (context, subject) => {
    const answers = await answersOf(context, subject, ({ tier }) => tier !== 'A');
    const hits = listedBy(answers);
    if (hits.length === 0) return clean(subject.address, answers);
    const text = `${subject.address} is listed by ${hits.map(({ title }) => title).join(', ')}.`;
    const remedy = hits.map(({ list }) => `${list.title}: ${list.advice} ${list.removal}`).join(' ');
    return hits.length >= MINOR_FAIL ? fail(text, remedy) : warn(text, remedy);
  },
});
