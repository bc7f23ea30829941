/** Does the reverse name lead back to the address? */
import type { Dns } from '../../../contract/dns.ts';
import { parseIp, reverseName, sameNetwork } from '../../../verify/ip-address.ts';
import { defineCheck, fail, pass, skip, unanswered, type AddressSubject } from '../../check.ts';

export const fcrdns = defineCheck<AddressSubject>({
  id: 'fcrdns', about: 'address', title: 'Reverse name leads back (FCrDNS)', weight: 3, cap: 4,
  why: 'Anybody can name an address after anything; only a name that leads back is believed.',
  link: 'https://www.rfc-editor.org/rfc/rfc1912#section-2.1',
  run: async ({ dns }, { address, helo }) => {
    const ip = parseIp(address);
    if (!ip) return skip(`${address} is no address.`);
    const names = await dns.query(reverseName(ip), 'PTR');
    if (names.kind === 'failure') return unanswered(`The reverse name of ${address}`, names);
    if (names.kind !== 'found') return skip(`${address} has no reverse name.`);
    const type = ip.length === 4 ? 'A' : 'AAAA';
    for (const name of names.records.slice(0, 10)) {
      const forward = await dns.query(name, type);
      if (forward.kind === 'failure') return unanswered(name, forward);
      const back = forward.kind === 'found' && forward.records.some((text) => sameAddress(text, ip));
      if (back) return pass(`${name} leads back to ${address}.`);
    }
    const [name = ''] = names.records;
    const record = `${name}. ${type} ${address}`;
    if (name.toLowerCase() === helo.toLowerCase()) return fail(`${name} does not lead back to ${address}: ${await leadsTo(dns, name, type)}.`, `Publish this record where the DNS of ${name} is managed, in place of ${type} records of that name that hold another address.`, record);
    return fail(`${name} does not lead back to ${address}.`, `If ${name} is a name of yours, publish this record where your domain is managed. If not, have the hosting provider set the reverse name ("reverse DNS") of ${address} to ${helo}, the name by which this server introduces itself.`, record);
  },
});

async function leadsTo(dns: Dns, name: string, type: 'A' | 'AAAA'): Promise<string> {
  const answer = await dns.query(name, type);
  return answer.kind === 'found' ? `its ${type} record says ${answer.records.join(', ')}` : `it has no ${type} record`;
}

function sameAddress(text: string, ip: Uint8Array): boolean {
  const other = parseIp(text);
  return other !== undefined && sameNetwork(other, ip, ip.length * 8);
}
