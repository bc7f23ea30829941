/** What DNS lists say of an address, for the checks that weigh it. */
import { type ListAnswer, askLists } from '../../../verify/dnsbl/ask-lists.ts';
import { DNS_LISTS, type DnsList } from '../../../verify/dnsbl/lists.ts';
import { pass, skip, type AddressSubject, type DoctorContext, type Finding } from '../../check.ts';

export async function answersOfLists({ dns, lists = DNS_LISTS }: DoctorContext, { address }: AddressSubject, choose: (list: DnsList) => boolean): Promise<readonly ListAnswer[]> {
  return (await askLists(dns, address, lists.filter((list) => list.kind === 'block' && choose(list)))) ?? [];
}

export function listedBy(answers: readonly ListAnswer[]): { readonly title: string; readonly meanings: readonly string[]; readonly list: DnsList }[] {
  return answers.flatMap(({ list, verdict }) => (verdict.kind === 'listed' ? [{ title: list.title, meanings: verdict.meanings, list }] : []));
}

/** Nothing was listed; when nobody answered, nobody knows. */
export function notListed(address: string, answers: readonly ListAnswer[]): Finding {
  if (answers.length === 0) return skip(`There are no such lists for ${address}.`);
  const silent = answers.flatMap(({ list, verdict }) => (verdict.kind === 'unknown' ? [`${list.title}: ${verdict.why}`] : []));
  if (silent.length === answers.length) return { level: 'unknown', text: `No answer that can be believed. ${silent.join('; ')}.` };
  return pass(`${address} is on none of ${answers.length - silent.length} lists that answered.`);
}
