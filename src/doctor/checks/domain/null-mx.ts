/** A domain that says it takes no mail must not send any. */
import { defineCheck, fail, pass, skip, unanswered, type DomainSubject } from '../../check.ts';

export const nullMx = defineCheck<DomainSubject>({
  id: 'null-mx', about: 'domain', title: 'No null MX', weight: 2, cap: 2,
  why: 'Receivers refuse mail from a domain that says that nobody can answer.',
  link: 'https://www.rfc-editor.org/rfc/rfc7505#section-4.2',
  run: async ({ dns }, { domain, hostname }) => {
    const answer = await dns.query(domain, 'MX');
    if (answer.kind === 'failure') return unanswered(`The MX of ${domain}`, answer);
    if (answer.kind !== 'found') return skip(`${domain} has no MX record.`);
    const isNull = answer.records.some(({ exchange }) => exchange === '' || exchange === '.');
    if (!isNull) return pass(`${domain} takes mail.`);
    return fail(`${domain} says that it takes no mail (null MX).`, 'A domain that sends must be able to get answers: publish this record instead of "0 .".', `${domain}. MX 10 ${hostname || 'mail.your-domain'}.`);
  },
});
