/** Does the name in EHLO lead to the address that says it? */
import { parseIp, reverseName, sameNetwork } from '../../../verify/ip-address.ts';
import { isWellFormedDomain } from '../../../verify/domain-name.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type AddressSubject } from '../../check.ts';

export const heloName = defineCheck<AddressSubject>({
  id: 'helo-name', about: 'address', title: 'EHLO name', weight: 1,
  why: 'Receivers look the name up that a server says first, and compare it with the reverse name of its address.',
  link: 'https://www.rfc-editor.org/rfc/rfc5321#section-4.1.4',
  run: async ({ dns }, { address, helo }) => {
    const ip = parseIp(address);
    if (!ip) return skip(`${address} is no address.`);
    if (!isWellFormedDomain(helo) || !helo.includes('.')) return fail(`"${helo}" is no full host name.`, 'Set hostname in posthorn.toml to a full name such as mail.your-domain.');
    const type = ip.length === 4 ? 'A' : 'AAAA';
    const [forward, back] = await Promise.all([dns.query(helo, type), dns.query(reverseName(ip), 'PTR')]);
    if (forward.kind === 'failure') return unanswered(helo, forward);
    const leads = forward.kind === 'found' && forward.records.some((text) => sameNetwork(parseIp(text) ?? new Uint8Array(0), ip, ip.length * 8));
    if (!leads) return fail(`${helo} does not lead to ${address}.`, 'Publish this record, or give the address an EHLO name of its own (helo in [[outbound.ip]]).', `${helo}. ${type} ${address}`);
    if (back.kind === 'found' && !back.records.some((name) => name.toLowerCase() === helo.toLowerCase())) return warn(`${helo} leads to ${address}, whose reverse name is ${back.records[0]}.`, `Make both the same: have the hosting provider set the reverse name ("reverse DNS") to ${helo}, or set hostname = "${back.records[0]}" in posthorn.toml.`);
    return pass(`${helo} leads to ${address}.`);
  },
});
