/** Tags that DMARC had once. */
import { defineCheck, pass, warn, type DomainSubject } from '../../check.ts';
import { NO_DMARC, applyingDmarc } from './dmarc-reading.ts';

export const dmarcObsolete = defineCheck<DomainSubject>({
  id: 'dmarc-obsolete', about: 'domain', title: 'DMARC tags that are gone', weight: 0.1,
  why: 'pct, rf and ri were taken out of DMARC; who relies on them is surprised.',
  link: 'https://www.rfc-editor.org/rfc/rfc9989',
  run: async ({ dns }, { domain }) => {
    const found = await applyingDmarc(dns, domain);
    if (!found) return NO_DMARC;
    const gone = ['pct', 'rf', 'ri'].filter((tag) => new RegExp(`;[ \\t]*${tag}[ \\t]*=`).test(found.record.text));
    return gone.length === 0 ? pass('The record uses none of them.') : warn(`The record uses ${gone.join(', ')}, which receivers ignore now.`, 'Take them out; t=y says that a policy is only tried.');
  },
});
