/** Domains that the message links to, on DNS lists. */
import { namedDomains } from '../../../verify/content/named-domains.ts';
import { askDomainLists } from '../../../verify/dnsbl/ask-domain-lists.ts';
import { defineCheck, fail, pass, skip, warn } from '../../check.ts';
import type { MessageSubject } from '../../message/subject.ts';

export const linkDomains = defineCheck<MessageSubject>({
  id: 'link-domains', about: 'message', title: 'Domains in the message on block lists', weight: 2.5, cap: 5,
  why: 'Filters look up each site that a message names. One that is listed takes the whole message down, whoever sends it.',
  link: 'https://www.spamhaus.org/blocklists/domain-blocklist/',
  run: async ({ dns, domainLists: lists }, subject) => {
    if (subject.sample) return skip('A message that this server made to look at itself.');
    const domains = namedDomains(subject.reading);
    if (domains.length === 0) return pass('The message names no domain.');
    const answers = await askDomainLists(dns, domains, lists);
    const hits = answers.flatMap(({ domain, list, verdict }) => (verdict.kind === 'listed' || verdict.kind === 'grey' ? [{ domain, list, kind: verdict.kind, words: `${domain} is listed by ${list.title} (${verdict.meanings.join('; ')})` }] : []));
    const bad = hits.filter(({ kind }) => kind === 'listed');
    if (hits.length > 0) {
      const shown = bad.length > 0 ? bad : hits;
      const text = `${shown.map(({ words }) => words).join('; ')}.`;
      const remedy = [...new Set(shown.map(({ list }) => `${list.title}: ${list.advice} ${list.removal}`))].join(' ');
      return bad.length > 0 ? fail(text, remedy) : warn(text, remedy);
    }
    const silent = [...new Set(answers.flatMap(({ list, verdict }) => (verdict.kind === 'unknown' ? [`${list.title}: ${verdict.why}`] : [])))];
    if (answers.every(({ verdict }) => verdict.kind === 'unknown')) return { level: 'unknown', text: `No answer that can be believed. ${silent.join('; ')}.` };
    return pass(`${domains.join(', ')}: not listed.`);
  },
});
