/** Is the domain signed, and rightly? */
import { defineCheck, pass, skip, unanswered, type DomainSubject } from '../../check.ts';

export const dnssec = defineCheck<DomainSubject>({
  id: 'dnssec', about: 'domain', title: 'DNSSEC', weight: 0.2,
  why: 'A signed domain cannot be redirected on the way; DANE needs it. A wrongly signed one is gone for many.',
  link: 'https://www.rfc-editor.org/rfc/rfc4033',
  run: async ({ dns }, { domain }) => {
    const answer = await dns.query(domain, 'SOA');
    if (answer.kind === 'failure') return unanswered(domain, answer);
    return answer.secure ? pass(`${domain} is signed, and the signatures are valid.`) : skip(`${domain} is not signed, or our name servers do not check signatures.`);
  },
});
