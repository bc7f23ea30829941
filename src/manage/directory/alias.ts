/** Aliases: addresses that lead to other addresses, ours or elsewhere. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import { domainOf } from '../../mail/address.ts';
import { mailboxKey } from '../../store/clients/directory.ts';
import type { Snapshot } from '../../store/ops/directory.ts';
import { addressArgument as address, domainArgument } from '../arguments.ts';
import { hostedDomain } from './hosted-domain.ts';
import { defineVerb } from '../verb.ts';


export interface Alias {
  readonly address: string;
  readonly targets: readonly string[];
}

function grouped(snapshot: Snapshot): readonly Alias[] {
  const byAddress = new Map<string, string[]>();
  for (const row of snapshot.aliases) byAddress.set(row.address, [...(byAddress.get(row.address) ?? []), row.target]);
  return [...byAddress].map(([alias, targets]) => ({ address: alias, targets }));
}

const add = defineVerb({
  name: 'alias.add',
  summary: 'Makes an alias, or adds targets to it.',
  args: z.strictObject({ address, targets: z.array(address).min(1).max(DIRECTORY_LIMITS.aliasTargetsMax) }),
  run: async ({ store, clock, log }, args): Promise<Alias> => {
    const key = mailboxKey(args.address);
    if (args.targets.some((target) => mailboxKey(target) === key)) {
      throw new Failure('alias-to-itself', `${key} cannot lead to itself: add an account of that name, or name another target`, { temporary: false });
    }
    await store.directory.addAlias(key, args.targets, clock.now());
    log.info('alias.added', { alias: key });
    const all = grouped(await store.directory.snapshot());
    return all.find((alias) => alias.address === key) ?? { address: key, targets: [] };
  },
});

const list = defineVerb({
  name: 'alias.list',
  summary: 'Lists the aliases, of one domain or of all.',
  args: z.strictObject({ domain: domainArgument.optional() }),
  run: async ({ store }, args) => {
    const domain = args.domain === undefined ? undefined : await hostedDomain({ store }, args.domain);
    const aliases = grouped(await store.directory.snapshot());
    return { aliases: aliases.filter((alias) => domain === undefined || domainOf(alias.address) === domain) };
  },
});

const remove = defineVerb({
  name: 'alias.remove',
  summary: 'Removes an alias, or one target of it.',
  args: z.strictObject({ address, target: address.optional() }),
  run: async ({ store, log }, args) => {
    const key = mailboxKey(args.address);
    await store.directory.removeAlias(key, args.target);
    log.info('alias.removed', { alias: key });
    return { address: key };
  },
});

export const aliasVerbs = [add, list, remove] as const;
