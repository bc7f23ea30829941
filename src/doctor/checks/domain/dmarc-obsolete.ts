/** Tags that DMARC had once. */
import { defineCheck, pass, warn, type DomainSubject } from '../../check.ts';
import { NO_DMARC, applyingDmarc, changedDmarc } from './dmarc-reading.ts';

const GONE = ['pct', 'rf', 'ri'];

export const dmarcObsolete = defineCheck<DomainSubject>({
  id: 'dmarc-obsolete', about: 'domain', title: 'DMARC tags that are gone', weight: 0.1,
  why: 'pct, rf and ri were taken out of DMARC; who relies on them is surprised.',
  link: 'https://www.rfc-editor.org/rfc/rfc9989',
  run: async ({ dns }, { domain }) => {
    const found = await applyingDmarc(dns, domain);
    if (!found) return NO_DMARC;
    const gone = GONE.filter((tag) => new RegExp(`;[ \\t]*${tag}[ \\t]*=`).test(found.record.text));
    return gone.length === 0 ? pass('The record uses none of them.') : warn(`The record uses ${gone.join(', ')}, which receivers ignore now.`, 'Publish this record in place of the one that is there: it says the same without them.', changedDmarc(found, { without: GONE }));
  },
});
