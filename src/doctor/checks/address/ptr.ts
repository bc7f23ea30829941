/** The reverse name of a sending address. */
import { parseIp, reverseName } from '../../../verify/ip-address.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type AddressSubject } from '../../check.ts';

/** Mail over IPv4 alone loses nothing. */
const FOUR_ONLY = ' Or send over IPv4 only: protocols = ["ipv4"] in [outbound] of posthorn.toml.';

export const ptr = defineCheck<AddressSubject>({
  id: 'ptr', about: 'address', title: 'Reverse name (PTR)', weight: 3, cap: 3,
  why: 'Gmail, Outlook.com and most others refuse mail from an address without a name.',
  link: 'https://support.google.com/a/answer/81126',
  run: async ({ dns }, { address, helo }) => {
    const ip = parseIp(address);
    if (!ip) return skip(`${address} is no address.`);
    const answer = await dns.query(reverseName(ip), 'PTR');
    if (answer.kind === 'failure') return unanswered(`The reverse name of ${address}`, answer);
    const record = `${reverseName(ip)}. PTR ${helo}.`;
    if (answer.kind !== 'found') return fail(`${address} has no reverse name.`, `Have the hosting provider set it to ${helo}: mostly on the page of the rented machine, as "reverse DNS" or "rDNS"; it cannot be set where your domain is.${address.includes(':') ? FOUR_ONLY : ''}`, record);
    if (answer.records.length > 1) return warn(`${address} has ${answer.records.length} reverse names: ${answer.records.join(', ')}.`, `Keep one, ${helo}, by which this server introduces itself: have the hosting provider take the others out ("reverse DNS" or "rDNS" on the page of the machine).`, record);
    return pass(`${address} is called ${answer.records[0]}.`);
  },
});
