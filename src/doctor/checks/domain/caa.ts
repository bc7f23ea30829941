/** Who may make certificates for the domain? */
import { defineCheck, pass, unanswered, warn, type DomainSubject } from '../../check.ts';

export const caa = defineCheck<DomainSubject>({
  id: 'caa', about: 'domain', title: 'CAA', weight: 0.2,
  why: 'CAA says who may make certificates for the domain, so that nobody else is talked into it.',
  link: 'https://www.rfc-editor.org/rfc/rfc8659',
  run: async ({ dns }, { domain }) => {
    const answer = await dns.query(domain, 'CAA');
    if (answer.kind === 'failure') return unanswered(`CAA of ${domain}`, answer);
    const issuers = answer.kind === 'found' ? answer.records.filter(({ tag }) => tag.toLowerCase() === 'issue').map(({ value }) => value) : [];
    if (issuers.length === 0) return warn(`${domain} does not say who may make certificates for it.`, 'Publish who does, for instance Let’s Encrypt.', `${domain}. CAA 0 issue "letsencrypt.org"`);
    return pass(`Certificates come from ${issuers.join(', ')}.`);
  },
});
