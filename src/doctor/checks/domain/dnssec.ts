/** Is the domain signed, and rightly? A wrongly signed one is gone for everybody who checks. */
import { defineCheck, fail, pass, skip, unanswered, type DomainSubject } from '../../check.ts';

const SERVFAIL = 2;

export const dnssec = defineCheck<DomainSubject>({
  id: 'dnssec', about: 'domain', title: 'DNSSEC', weight: 2, cap: 3,
  why: 'A signed domain cannot be redirected on the way; DANE needs it. A wrongly signed one does not exist for receivers that check.',
  link: 'https://www.rfc-editor.org/rfc/rfc4035',
  run: async ({ dns, network }, { domain }) => {
    const answer = await dns.query(domain, 'SOA');
    if (answer.kind !== 'failure') return answer.secure ? pass(`${domain} is signed, and the signatures are valid.`) : skip(`${domain} is not signed, or our name servers do not check signatures.`);
    if ((answer.reason !== 'servfail' && answer.reason !== 'bogus') || !network) return unanswered(domain, answer);
    // RFC 4035 §5.5: who validates answers SERVFAIL for what is bogus, and the data all the same when told not to check.
    const [checked, unchecked] = await Promise.all([network.askServer({ name: domain, type: 'SOA' }), network.askServer({ name: domain, type: 'SOA', checkingDisabled: true })]);
    const isBogus = checked.kind === 'answer' && checked.rcode === SERVFAIL && unchecked.kind === 'answer' && unchecked.rcode === 0 && unchecked.records.length > 0;
    if (!isBogus) return unanswered(domain, answer);
    return fail(`The DNSSEC signatures of ${domain} are wrong or have expired: for receivers that check them the domain does not exist.`, 'Have whoever runs the name servers sign the zone anew, or take the DS record out at the registrar until it is repaired.');
  },
});
