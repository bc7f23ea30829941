/** Does the address stay, and is it one of a server? Providers learn to trust an address; one that changes is a stranger each time. */
import { parseIp, reverseName } from '../../../verify/ip-address.ts';
import { judgeName } from '../../../verify/iprev/generic-name.ts';
import { defineCheck, fail, pass, skip, warn, type DoctorContext, type HostSubject } from '../../check.ts';

const ID = 'static-address';
const LOOK_BACK_MS = 30 * 86_400_000;
/** Other sets of addresses within that time. */
const CHANGES_FAIL = 3;
const REMEDY = 'Rent a machine or a line with a static IP address, or send through a smarthost that has one ([relay]).';

export const staticAddress = defineCheck<HostSubject>({
  id: ID, about: 'host', title: 'Static address', weight: 2, cap: 4,
  why: 'Receivers trust an address by its past; addresses of access lines, which change, are refused by most.',
  link: 'https://www.spamhaus.org/blocklists/policy-blocklist/',
  run: async (context, { hostname, addresses, server }) => {
    if (addresses.length === 0) return skip('The addresses of this server are not known: name them in [[outbound.ip]].');
    const said = addresses.map(({ address }) => address).toSorted().join(', ');
    for (const { address } of addresses) {
      const name = await accessLineName(context, address);
      if (name !== undefined) return fail(`Mail leaves from ${said}; ${address} is called ${name}, as lines with changing addresses are.`, REMEDY);
    }
    const past = (server?.earlier ?? []).filter(({ check, subject, lastAt }) => check === ID && subject === hostname && context.now - lastAt < LOOK_BACK_MS);
    const others = [...new Set(past.map(({ text }) => addressesIn(text)))].filter((set) => set !== undefined && set !== said);
    if (others.length === 0) return pass(`Mail leaves from ${said}.`);
    const text = `Mail leaves from ${said}; within 30 days it left from ${others.join(' and from ')}.`;
    if (others.length >= CHANGES_FAIL) return fail(text, REMEDY);
    return warn(text, 'If you moved: set reverse name, SPF and host name for the new address, and let its volume grow slowly. If the address changes by itself, you need a static one.');
  },
});

/** What this check said in an earlier run. */
function addressesIn(text: string): string | undefined {
  return /^Mail leaves from ([0-9a-f:., ]+?)(?:;|\.$)/.exec(text)?.[1];
}

async function accessLineName({ dns }: DoctorContext, address: string): Promise<string | undefined> {
  const ip = parseIp(address);
  const answer = ip && (await dns.query(reverseName(ip), 'PTR'));
  if (!ip || answer?.kind !== 'found') return undefined;
  return answer.records.find((name) => judgeName(name, ip).kind === 'dynamic');
}
