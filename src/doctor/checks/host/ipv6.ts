/** IPv6 wholly or not at all: receivers are stricter there than with IPv4. */
import { ADDRESSES_UNKNOWN, defineCheck, fail, pass, skip, unknown, type HostSubject } from '../../check.ts';
import { fcrdns } from '../address/fcrdns.ts';
import { heloName } from '../address/helo-name.ts';
import { ptr } from '../address/ptr.ts';
import { findingsOf, inWords } from './address-findings.ts';

export const ipv6 = defineCheck<HostSubject>({
  id: 'ipv6', about: 'host', title: 'IPv6 is set up wholly', weight: 2,
  why: 'Gmail and others refuse mail over IPv6 from an address without reverse name or authentication, where IPv4 would still get through.',
  link: 'https://support.google.com/a/answer/81126',
  run: async (context, { addresses, server }) => {
    const six = addresses.filter(({ address }) => address.includes(':'));
    if (server?.relay !== undefined) return skip(`Mail leaves through the smarthost ${server.relay}.`);
    if (addresses.length === 0) return skip(ADDRESSES_UNKNOWN);
    if (six.length === 0) return pass('Mail leaves over IPv4 only.');
    const findings = await findingsOf(context, six, [ptr, fcrdns, heloName]);
    const bad = findings.filter(({ finding }) => finding.level === 'fail');
    if (bad.length > 0) return fail(`IPv6 is only half set up: ${inWords(bad)}`, 'Mend this, or send over IPv4 only: protocols = ["ipv4"] in [outbound].');
    if (findings.some(({ finding }) => finding.level === 'unknown')) return unknown('What IPv6 needs could not be looked up now.');
    return pass(`${six.map(({ address }) => address).join(', ')} has what mail over IPv6 needs.`);
  },
});
