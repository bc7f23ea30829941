/** A policy of p=reject on mail that only SPF vouches for: everything that is forwarded is lost. */
import { fetchKey } from '../../../verify/dkim/key-record.ts';
import { defineCheck, fail, pass, skip, unknown, type DomainSubject } from '../../check.ts';
import { applyingDmarc, NO_DMARC } from './dmarc-reading.ts';

export const rejectUnsigned = defineCheck<DomainSubject>({
  id: 'reject-unsigned', about: 'domain', title: 'p=reject only with DKIM', weight: 1,
  why: 'SPF breaks whenever mail is forwarded; without a DKIM signature, p=reject then has it refused.',
  link: 'https://www.rfc-editor.org/rfc/rfc9989',
  run: async ({ dns }, { domain, keys, server }) => {
    if (!server) return skip('How mail is signed is known on its server only.');
    const found = await applyingDmarc(dns, domain);
    if (!found) return NO_DMARC;
    const policy = found.from === domain ? found.record.p : (found.record.sp ?? found.record.p);
    if (policy !== 'reject') return pass(`The DMARC policy of ${domain} rejects nothing.`);
    const published = await Promise.all(keys.map(({ selector }) => fetchKey(dns, selector, domain)));
    if (published.some(({ kind }) => kind === 'key')) return pass('Mail is signed with a key that is published.');
    if (published.some((each) => each.kind !== 'key' && each.temporary)) return unknown('The DKIM keys could not be looked up now.');
    return fail(`DMARC of ${domain} rejects what fails, and its mail is not signed with a key that is published.`, keys.length === 0 ? `Sign: posthorn dkim create ${domain}. Until then p=none.` : 'Publish the DKIM keys (posthorn dns records shows them), or set p=none until then.', `_dmarc.${found.from}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@${found.from}"`);
  },
});
