/** Names below the domain that never send: others may use them unless they say so. */
import type { Dns } from '../../../contract/dns.ts';
import { isSpfRecord } from '../../../verify/spf/record.ts';
import { defineCheck, pass, skip, warn, type DomainSubject } from '../../check.ts';
import { textsAt } from '../texts.ts';
import { applyingDmarc } from './dmarc-reading.ts';

export const namesWithoutMail = defineCheck<DomainSubject>({
  id: 'names-without-mail', about: 'domain', title: 'Names that send no mail', weight: 0.2,
  why: 'Whoever forges mail takes a name that exists and says nothing about mail, such as www.',
  link: 'https://www.m3aawg.org/protecting-parked-domains',
  run: async ({ dns }, { domain, server, hostname, use }) => {
    const below = [...new Set(['www', ...(server?.namesWithoutMail ?? [])])].map((label) => `${label}.${domain}`);
    const open: string[] = [];
    let looked = 0;
    for (const name of [...(use === 'none' ? [domain] : []), ...below].filter((each) => each !== hostname)) {
      const state = await stateOf(dns, name, name === domain);
      if (state !== 'absent') looked += 1;
      if (state === 'open') open.push(name);
    }
    if (looked === 0) return skip(`${domain} has no names that send no mail, as far as we know them.`);
    if (open.length === 0) return pass('Names that send no mail say so.');
    return warn(`${open.join(', ')} exist${open.length === 1 ? 's' : ''} and do${open.length === 1 ? 'es' : ''} not say that no mail comes from there.`, 'Publish for each name that nothing may send, and that it takes no mail.', open.flatMap((name) => [`${name}. TXT "v=spf1 -all"`, `${name}. MX 0 .`]).join('\n'));
  },
});

/** `exists`: it need not have an address to be looked at. */
async function stateOf(dns: Dns, name: string, exists: boolean): Promise<'absent' | 'closed' | 'open'> {
  const [v4, v6] = await Promise.all([dns.query(name, 'A'), dns.query(name, 'AAAA')]);
  if (!exists && v4.kind !== 'found' && v6.kind !== 'found') return 'absent';
  const texts = await textsAt(dns, name);
  if ('kind' in texts) return 'absent';
  if (texts.some((text) => isSpfRecord(text) && /[ ]-all[ ]*$/.test(text))) return 'closed';
  const dmarc = await applyingDmarc(dns, name);
  const policy = dmarc && (dmarc.from === name ? dmarc.record.p : (dmarc.record.sp ?? dmarc.record.p));
  return policy === 'reject' ? 'closed' : 'open';
}
