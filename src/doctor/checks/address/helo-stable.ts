/** Does the address keep its EHLO name, as examinations of the last month saw it? */
import { defineCheck, fail, pass, warn, type AddressSubject } from '../../check.ts';

export const heloStable = defineCheck<AddressSubject>({
  id: 'helo-stable', about: 'address', title: 'EHLO name stays', weight: 0.5,
  why: 'Malware changes the name by which it introduces itself; lists take an address that does so for infected.',
  link: 'https://www.spamhaus.org/blocklists/exploits-blocklist/',
  run: async (_context, { address, helo, server }) => {
    const others = [...new Set((server?.identities ?? []).filter((past) => past.address === address && past.helo !== helo).map((past) => past.helo))];
    if (others.length === 0) return pass(`${address} introduces itself as ${helo}.`);
    const text = `${address} introduces itself as ${helo}; within 30 days it said ${others.join(' and ')}.`;
    const once = 'If you chose the new name on purpose, there is nothing to do but to keep it.';
    const remedy = 'Give each address one name: hostname, or helo in [[outbound.ip]] of posthorn.toml.';
    return others.length === 1 ? warn(text, `${once} Else: ${remedy}`) : fail(text, remedy);
  },
});
