/**
 * Hosted domains and their DKIM keys. A new domain gets a key of each algorithm, and the aliases that its DNS records
 * name for reports (dmarc@, tls@), leading to its postmaster.
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { isPublicName } from '../../mail/address.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { DkimAlgorithm } from '../../store/dkim-key.ts';
import type { KeyRow } from '../../store/ops/keys.ts';
import { domainArgument as domain } from '../arguments.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

const ALGORITHMS: readonly DkimAlgorithm[] = ['rsa-sha256', 'ed25519-sha256'];
/** Local parts that the records of manage/dns/dns-records.ts ask others to report to. */
const REPORT_ADDRESSES = ['dmarc', 'tls'];

export interface CreatedDomain {
  readonly domain: string;
  readonly keys: readonly KeyRow[];
}

/** Used by domain.add, account.add and quickstart. `selectors`: default after the date. */
export async function createDomain(
  { store, clock, log }: Pick<ManageContext, 'store' | 'clock' | 'log'>,
  name: string,
  options: { readonly aliasOf?: string; readonly selectors?: { readonly rsa: string; readonly ed25519: string } } = {},
): Promise<CreatedDomain> {
  const key = domainKey(name);
  if (!isPublicName(key)) throw new Failure('domain-refused', `${key} is no domain that others can write to: use one like example.org`, { temporary: false });
  const at = clock.now();
  await store.directory.addDomain(key, { at, ...(options.aliasOf === undefined ? {} : { aliasOf: options.aliasOf }) });
  for (const local of REPORT_ADDRESSES) await store.directory.addAlias(`${local}@${key}`, [`postmaster@${key}`], at);
  const keys: KeyRow[] = [];
  for (const algorithm of ALGORITHMS) {
    const selector = algorithm === 'rsa-sha256' ? options.selectors?.rsa : options.selectors?.ed25519;
    keys.push(await store.keys.create({ domain: key, algorithm, at, ...(selector === undefined ? {} : { selector }) }));
  }
  log.info('domain.added', { domain: key });
  return { domain: key, keys };
}

const add = defineVerb({
  name: 'domain.add',
  summary: 'Hosts a domain here and makes its DKIM keys.',
  args: z.strictObject({ domain, aliasOf: domain.optional() }),
  run: async (context, args) => {
    const { domain: name, keys } = await createDomain(context, args.domain, args.aliasOf === undefined ? {} : { aliasOf: args.aliasOf });
    return { domain: name, keys: keys.map(shown) };
  },
});

const list = defineVerb({
  name: 'domain.list',
  summary: 'Lists the domains hosted here.',
  args: z.strictObject({}),
  run: async ({ store }) => {
    const { domains, accounts } = await store.directory.snapshot();
    const count = new Map<string, number>();
    for (const account of accounts) count.set(account.domain, (count.get(account.domain) ?? 0) + 1);
    return { domains: domains.map((row) => ({ ...row, accounts: count.get(row.name) ?? 0 })) };
  },
});

const remove = defineVerb({
  name: 'domain.remove',
  summary: 'Hosts a domain no longer; its aliases and DKIM keys go, its accounts must be gone.',
  args: z.strictObject({ domain }),
  run: async ({ store, log }, args) => {
    const key = domainKey(args.domain);
    await store.directory.removeDomain(key);
    await store.keys.removeFiles(key);
    log.info('domain.removed', { domain: key });
    const published = (await store.dnsPublishing.owned()).filter((row) => row.domain === key);
    return { domain: key, published: new Set(published.map(({ name, type }) => `${name} ${type}`)).size };
  },
});

const catchAll = defineVerb({
  name: 'domain.catch-all',
  summary: 'Sends mail for unknown local parts of a domain to one address; null: refuses it again.',
  args: z.strictObject({ domain, target: z.string().min(1).max(1000).nullable() }),
  run: async ({ store, log }, args) => {
    const key = domainKey(args.domain);
    await store.directory.setCatchAll(key, args.target ?? undefined);
    log.info('domain.catch-all-set', { domain: key });
    return { domain: key, catchAll: args.target };
  },
});

/** What may be seen of a key. */
function shown(key: KeyRow) {
  return { ...key, active: key.state === 'active' };
}

export const domainVerbs = [add, list, remove, catchAll] as const;
