/** Is a domain of ours on lists of domains seen in spam? */
import { registeredDomain } from '../../../verify/content/host-name.ts';
import { askDomainLists } from '../../../verify/dnsbl/ask-domain-lists.ts';
import { defineCheck, fail, pass, unknown, warn, type DomainSubject } from '../../check.ts';

export const domainLists = defineCheck<DomainSubject>({
  id: 'domain-lists', about: 'domain', title: 'Domain on block lists', weight: 2.5, cap: 4,
  why: 'Filters look up the domain of the sender and of each link; mail that names a listed one is refused, from whatever address it comes.',
  link: 'https://www.spamhaus.org/blocklists/domain-blocklist/',
  run: async ({ dns, domainLists: lists }, { domain }) => {
    const answers = await askDomainLists(dns, [registeredDomain(domain)], lists);
    const of = (kind: 'listed' | 'grey') => answers.flatMap(({ list, verdict }) => (verdict.kind === kind ? [{ list, words: `${list.title} (${verdict.meanings.join('; ')})` }] : []));
    const [bad, grey] = [of('listed'), of('grey')];
    const hits = bad.length > 0 ? bad : grey;
    if (hits.length > 0) {
      const text = `${domain} is listed by ${hits.map(({ words }) => words).join(', ')}.`;
      const remedy = `Find out why before you ask for removal: a web site that was broken into, a mailing to people who did not ask for it, or somebody who signs up with your forms. ${hits.map(({ list }) => `${list.title}: ${list.advice} ${list.removal}`).join(' ')}`;
      return bad.length > 0 ? fail(text, remedy) : warn(text, remedy);
    }
    const silent = answers.flatMap(({ list, verdict }) => (verdict.kind === 'unknown' ? [`${list.title}: ${verdict.why}`] : []));
    if (silent.length === answers.length) return unknown(`No list of domains gave an answer that can be believed. ${silent.join('; ')}.`);
    return pass(`${domain} is on none of ${answers.length - silent.length} lists of domains.${silent.length > 0 ? ` Not known: ${silent.join('; ')}.` : ''}`);
  },
});
