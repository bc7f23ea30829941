/** Several sending addresses are as good as the worst of them. */
import { defineCheck, pass, skip, unknown, warn, type HostSubject } from '../../check.ts';
import { fcrdns } from '../address/fcrdns.ts';
import { heloName } from '../address/helo-name.ts';
import { ptr } from '../address/ptr.ts';
import { spamhaus } from '../address/spamhaus.ts';
import { findingsOf, inWords } from './address-findings.ts';

export const severalAddresses = defineCheck<HostSubject>({
  id: 'several-addresses', about: 'host', title: 'All sending addresses are equally good', weight: 1,
  why: 'Mail is spread over the addresses: what one of them lacks makes a part of the mail bounce, now here, now there.',
  link: 'https://www.m3aawg.org/sendersbcp',
  run: async (context, { addresses }) => {
    if (addresses.length < 2) return skip('Mail leaves from one address.');
    const findings = await findingsOf(context, addresses, [ptr, fcrdns, heloName, spamhaus]);
    const bad = findings.filter(({ finding }) => finding.level === 'fail');
    const weak = [...new Set(bad.map(({ address }) => address))];
    // Where all are bad alike, the checks of each say so.
    if (weak.length > 0 && weak.length < addresses.length) return warn(`${weak.join(', ')} is worse than the others: ${inWords(bad)}`, 'Mend this, or take the address out of [[outbound.ip]].');
    if (weak.length > 0) return pass('All addresses are alike.');
    if (findings.some(({ finding }) => finding.level === 'unknown')) return unknown('Not everything about the addresses could be looked up now.');
    return pass(`The ${addresses.length} sending addresses are equally good.`);
  },
});
