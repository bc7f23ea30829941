/**
 * What was seen of an address on DNS lists, kept: when a list was first seen to have it, and when no more. Every `ip check`
 * adds to it, and the server looks at its own addresses once a day.
 */
import { z } from 'zod';
import { DOCTOR_LIMITS } from '../../base/doctor-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { IpHistory } from '../../store/clients/ip-listings.ts';
import { parseIp } from '../../verify/ip-address.ts';
import { dnsListsOf } from '../dns/dns-lists.ts';
import { ownAddresses } from '../doctor/own-addresses.ts';
import { doctorFacts } from '../doctor/doctor-facts.ts';
import { checkIp, type IpCheck } from './ip-check.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export type { IpHistory } from '../../store/clients/ip-listings.ts';

const address = z.string().min(2).max(45);
const seen = z.strictObject({ zone: z.string().min(1).max(255), title: z.string().min(1).max(100), listed: z.boolean(), meanings: z.string().max(2000) });

const own = defineVerb({
  name: 'ip.own',
  summary: 'Names the addresses that this server sends from.',
  args: z.strictObject({}),
  run: async (context): Promise<{ readonly addresses: readonly string[]; readonly hostname: string }> => {
    const facts = await doctorFacts(context);
    return { addresses: (await ownAddresses(context, facts)).map((one) => one.address), hostname: facts.hostname };
  },
});

const remember = defineVerb({
  name: 'ip.remember',
  summary: 'Keeps what DNS lists said of an address.',
  args: z.strictObject({ address, lists: z.array(seen).max(DOCTOR_LIMITS.dnsListsMax) }),
  run: async (context, args): Promise<{ readonly address: string }> => {
    await keep(context, addressKey(args.address), args.lists);
    return { address: args.address };
  },
});

const history = defineVerb({
  name: 'ip.history',
  summary: 'Tells which DNS lists had an address, from when to when.',
  args: z.strictObject({ address }),
  run: ({ store }, args): Promise<IpHistory> => store.ipListings.history(addressKey(args.address), DOCTOR_LIMITS.listingsShownMax),
});

export const ipListingVerbs = [own, remember, history] as const;

/** Lists whose answer can be believed. */
export function seenLists({ lists }: IpCheck): z.output<typeof seen>[] {
  return lists.filter(({ kind, verdict }) => kind === 'block' && verdict !== 'unknown').map(({ zone, title, verdict, detail }) => ({ zone, title, listed: verdict === 'listed', meanings: detail }));
}

/** Once a day: an address whose listing is found by a bounce is found late. */
export async function lookForListings(context: ManageContext, signal: AbortSignal): Promise<void> {
  const { lists } = await dnsListsOf(context.config.doctor);
  for (const one of await ownAddresses(context, await doctorFacts(context))) {
    signal.throwIfAborted();
    await keep(context, addressKey(one.address), seenLists(await checkIp({ ...context, lists }, one.address)));
  }
}

function keep({ store, clock }: ManageContext, key: string, lists: readonly z.output<typeof seen>[]): Promise<void> {
  const now = clock.now();
  return store.ipListings.record(key, now, lists, now - DOCTOR_LIMITS.listingsKeptMs);
}

/** One spelling for each address. Throws a permanent Failure `bad-address`. */
function addressKey(text: string): string {
  const ip = parseIp(text);
  if (!ip) throw new Failure('bad-address', `${text} is no IP address`, { temporary: false });
  return ip.length === 4 ? [...ip].join('.') : new URL(`http://[${text.split('%')[0]}]`).hostname.slice(1, -1);
}
