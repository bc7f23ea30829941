/** Do DNS lists answer our name servers at all? */
import { askLists } from '../../../verify/dnsbl/ask-lists.ts';
import { DNS_LISTS, isZen } from '../../../verify/dnsbl/lists.ts';
import { defineCheck, fail, pass, unanswered, type HostSubject } from '../../check.ts';

/** RFC 5782 §5: never listed by a list that is alive. */
const NEVER_LISTED = '127.0.0.1';

export const listResolver = defineCheck<HostSubject>({
  id: 'list-resolver', about: 'host', title: 'Name servers that DNS lists answer', weight: 0,
  why: 'Large public resolvers get no answers from DNS lists, or wrong ones: then nobody knows whether an address is listed.',
  link: 'https://www.spamhaus.org/resource-hub/dnsbl/using-our-public-mirrors-check-your-return-codes-now/',
  run: async ({ dns, lists = DNS_LISTS }, { hostname }) => {
    const answers = (await askLists(dns, NEVER_LISTED, lists.filter(isZen))) ?? [];
    const [answer] = answers;
    const own = await dns.query(hostname, 'A');
    // Name servers that answer nothing at all say nothing about lists.
    if (answer?.verdict.kind === 'unknown' && own.kind === 'failure') return unanswered('The list of Spamhaus', own);
    if (answer?.verdict.kind === 'unknown') return fail(`Spamhaus does not answer our name servers: ${answer.verdict.why}.`, 'Run a name server of your own on this machine, which asks them itself: apt install unbound, then servers = ["127.0.0.1"] in [dns] of posthorn.toml, and a restart of this server.');
    return pass('DNS lists answer our name servers.');
  },
});
