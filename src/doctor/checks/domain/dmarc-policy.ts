/** Does DMARC enforce anything? */
import { defineCheck, fail, pass, warn, type DomainSubject } from '../../check.ts';
import { NO_DMARC, applyingDmarc, changedDmarc } from './dmarc-reading.ts';

export const dmarcPolicy = defineCheck<DomainSubject>({
  id: 'dmarc-policy', about: 'domain', title: 'DMARC policy', weight: 0.5,
  why: 'With p=none others can write in the name of the domain, and nothing happens to their mail.',
  link: 'https://www.rfc-editor.org/rfc/rfc9989',
  run: async ({ dns }, { domain }) => {
    const found = await applyingDmarc(dns, domain);
    if (!found) return NO_DMARC;
    if (found.record.empty) return fail(`The DMARC record of ${found.from} has no policy that counts.`, 'Publish this one; it enforces nothing yet and asks for reports.', `_dmarc.${found.from}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@${found.from}"`);
    const { policy, record } = found;
    if (record.wrongPolicies) return fail(`The DMARC record of ${found.from} says ${record.wrongPolicies.join(' and ')}; there are the policies none, quarantine and reject only. Receivers take the whole record for p=none: it protects from nothing.`, 'Publish this record in its place, with the policy that you mean: none only watches, quarantine has mail that fails put into the spam folder, reject has it refused.', changedDmarc(found, { values: Object.fromEntries(record.wrongPolicies.map((tag) => [tag.split('=')[0] ?? '', 'none'])) }));
    if (policy === 'none') return warn('The policy is none: nothing happens to mail that others write in your name.', `When the reports show for a month that all of your own mail passes, change p=none to p=quarantine in the record at _dmarc.${found.from}. posthorn dmarc plan ${domain} looks at the reports and says when.`);
    return pass(`The policy is ${policy}.`);
  },
});
