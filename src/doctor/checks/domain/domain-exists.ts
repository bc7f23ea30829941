/** A domain that sends must exist for those who get its mail. */
import { defineCheck, fail, pass, unanswered, type DomainSubject } from '../../check.ts';

export const domainExists = defineCheck<DomainSubject>({
  id: 'domain-exists', about: 'domain', title: 'The domain exists', weight: 3, cap: 3,
  why: 'Receivers refuse senders of domains that have neither an address nor a mail server.',
  link: 'https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.2',
  run: async ({ dns }, { domain, hostname }) => {
    const soa = await dns.query(domain, 'SOA');
    if (soa.kind === 'failure') return unanswered(domain, soa);
    if (soa.kind === 'nxdomain') return fail(`${domain} does not exist in the DNS.`, 'Register the domain, or have its name servers serve it.');
    const found = await Promise.all((['MX', 'A', 'AAAA'] as const).map((type) => dns.query(domain, type)));
    if (found.some(({ kind }) => kind === 'found')) return pass(`${domain} exists.`);
    const failed = found.find(({ kind }) => kind === 'failure');
    if (failed?.kind === 'failure') return unanswered(domain, failed);
    return fail(`${domain} has neither a mail server nor an address.`, 'Receivers want to be able to answer. Publish this record, or an address (A) of its web site.', `${domain}. MX 10 ${hostname || 'mail.your-domain'}.`);
  },
});
