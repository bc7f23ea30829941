/** Does mail leave from an address that stays: by its name, and by what examinations of the last month saw? */
import { parseIp, reverseName } from '../../../verify/ip-address.ts';
import { judgeName } from '../../../verify/iprev/generic-name.ts';
import { ADDRESSES_UNKNOWN, defineCheck, fail, pass, skip, warn, type DoctorContext, type HostSubject } from '../../check.ts';

/** Addresses that were left for others within a month. */
const CHANGES_FAIL = 3;
const RENT = 'rent a machine or a line with a static IP address, or send through a smarthost that has one ([relay] in posthorn.toml)';

export const staticAddress = defineCheck<HostSubject>({
  id: 'static-address', about: 'host', title: 'Static address', weight: 2, cap: 4,
  why: 'Receivers trust an address by its past; addresses of access lines, which change, are refused by most.',
  link: 'https://www.spamhaus.org/blocklists/policy-blocklist/',
  run: async (context, { hostname, addresses, server }) => {
    if (server?.relay !== undefined) return skip(`Mail leaves through the smarthost ${server.relay}.`);
    if (addresses.length === 0) return skip(ADDRESSES_UNKNOWN);
    const now = addresses.map(({ address }) => address);
    for (const { address, helo } of addresses) {
      const line = await accessLineName(context, address);
      if (line) return fail(`Mail leaves from ${address}, whose reverse name is ${line.name}: that is how access lines with changing addresses are called.`, `If the address is yours for good, have the hosting provider set its reverse name ("reverse DNS"). If it changes, ${RENT}.`, `${reverseName(line.ip)}. PTR ${helo || hostname}.`);
    }
    const past = server?.identities ?? [];
    const left = [...new Set(past.map(({ address }) => address))].filter((address) => !now.includes(address) && now.some((each) => isNewerThan(each, address, past)));
    if (left.length === 0) return pass(`Mail leaves from ${now.join(', ')}.`);
    const text = `Mail leaves from ${now.join(', ')}; within 30 days it left from ${left.join(' and from ')}.`;
    if (left.length >= CHANGES_FAIL) return fail(text, `Receivers start from nothing with each: ${RENT}.`);
    return warn(text, 'If you moved: set reverse name, SPF and host name for the new address, and let its volume grow slowly. If the address changes by itself, you need a static one.');
  },
});

/** Did it take the place of the other? One that was there before, as with several addresses of which one is given up, did not. */
function isNewerThan(address: string, other: string, past: readonly { readonly address: string; readonly firstAt: number; readonly lastAt: number }[]): boolean {
  if (address.includes(':') !== other.includes(':')) return false;
  const since = Math.min(...past.filter((each) => each.address === address).map(({ firstAt }) => firstAt), Infinity);
  return since > Math.max(...past.filter((each) => each.address === other).map(({ lastAt }) => lastAt));
}

async function accessLineName({ dns }: DoctorContext, address: string) {
  const ip = parseIp(address);
  const answer = ip && (await dns.query(reverseName(ip), 'PTR'));
  if (!ip || answer?.kind !== 'found') return undefined;
  const name = answer.records.find((each) => judgeName(each, ip).kind === 'dynamic');
  return name === undefined ? undefined : { name, ip };
}
