/**
 * Accounts: add, list, change the password, disable and enable, remove.
 *
 * A password that nobody gave is made here and told once, in the result; only its hash is kept. What verbs give back and
 * what they log never holds a password that somebody typed.
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { domainOf } from '../../mail/address.ts';
import { mailboxKey } from '../../store/clients/directory.ts';
import { derivePassword, makePassword, unmatchableCredentials } from '../../store/password.ts';
import { createDomain } from './domain.ts';
import { addressArgument as address, domainArgument } from '../arguments.ts';
import { hostedDomain } from './hosted-domain.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

const password = z.string().max(1024).optional();

/** `password` only when it was made here: this is the one time it can be seen. */
export interface AccountSecret {
  readonly address: string;
  readonly password?: string;
}

const add = defineVerb({
  name: 'account.add',
  summary: 'Adds an account with its folders; makes a password when none is given.',
  args: z.strictObject({ address, password, createDomain: z.boolean().optional(), shared: z.boolean().optional() }),
  run: async (context, args): Promise<AccountSecret & { readonly domainCreated: boolean }> => {
    const key = mailboxKey(args.address);
    const domainCreated = await requireDomain(context, domainOf(key), args.createDomain ?? false);
    if (args.shared) {
      if (args.password !== undefined) throw new Failure('account-shared', 'a shared mailbox has no password: nobody logs in to it', { temporary: false });
      await context.store.directory.addAccount(key, unmatchableCredentials(), context.clock.now(), { shared: true });
      context.log.info('account.added', { account: key, shared: true });
      return { address: key, domainCreated };
    }
    const secret = args.password ?? makePassword();
    await context.store.directory.addAccount(key, await derivePassword(secret), context.clock.now());
    context.log.info('account.added', { account: key });
    return { address: key, ...(args.password === undefined ? { password: secret } : {}), domainCreated };
  },
});

async function requireDomain(context: ManageContext, domain: string, create: boolean): Promise<boolean> {
  const { domains } = await context.store.directory.snapshot();
  if (domains.some((row) => row.name === domain)) return false;
  if (!create) {
    throw new Failure('domain-unknown', `${domain} is not a domain of this server: add it first with posthorn domain add ${domain}, or repeat this with --create-domain`, {
      temporary: false,
    });
  }
  await createDomain(context, domain);
  return true;
}

const list = defineVerb({
  name: 'account.list',
  summary: 'Lists the accounts, of one domain or of all; oldest first.',
  args: z.strictObject({ domain: domainArgument.optional() }),
  run: async ({ store }, args) => {
    const { accounts } = await store.directory.snapshot();
    const domain = args.domain === undefined ? undefined : await hostedDomain({ store }, args.domain);
    return { accounts: accounts.filter((row) => domain === undefined || row.domain === domain) };
  },
});

const show = defineVerb({
  name: 'account.show',
  summary: 'Tells everything about one account but its mail.',
  args: z.strictObject({ address }),
  run: async (context, args) => {
    const key = mailboxKey(args.address);
    const { store } = context;
    await context.logins?.flush();
    const { accounts, aliases } = await store.directory.snapshot();
    const row = accounts.find((one) => one.address === key);
    if (!row) throw new Failure('account-unknown', `there is no account ${key}: posthorn account list shows those there are`, { temporary: false });
    const [appPasswords, factor, [last]] = await Promise.all([store.logins.appPasswords.list(key), store.logins.secondFactors.get(key), store.logins.list(key, { failed: false, limit: 1 })]);
    return {
      ...row,
      aliases: aliases.filter(({ target }) => target === key).map((alias) => alias.address),
      appPasswords: appPasswords.length,
      totp: factor === undefined ? ('off' as const) : factor.confirmedAt === null ? ('waiting' as const) : ('on' as const),
      lastLogin: last === undefined ? null : { at: last.lastAt, service: last.service, clientAddress: last.clientAddress, result: last.outcome === 'ok' ? ('ok' as const) : ('denied' as const) },
    };
  },
});

const changePassword = defineVerb({
  name: 'account.password',
  summary: 'Changes the password of an account; makes one when none is given.',
  args: z.strictObject({ address, password }),
  run: async ({ store, clock, log }, args): Promise<AccountSecret> => {
    const key = mailboxKey(args.address);
    const secret = args.password ?? makePassword();
    await store.directory.setPassword(key, await derivePassword(secret), clock.now());
    log.info('account.password-changed', { account: key });
    return { address: key, ...(args.password === undefined ? { password: secret } : {}) };
  },
});

function switching(name: 'enable' | 'disable', summary: string) {
  return defineVerb({
    name: `account.${name}`,
    summary,
    args: z.strictObject({ address }),
    run: async ({ store, log }, args) => {
      const key = mailboxKey(args.address);
      const disabled = name === 'disable';
      await store.directory.setDisabled(key, disabled);
      log.info(`account.${name}d`, { account: key });
      return { address: key, disabled };
    },
  });
}

const remove = defineVerb({
  name: 'account.remove',
  summary: 'Removes an account with all of its mail, for good.',
  args: z.strictObject({ address }),
  run: async ({ store, log }, args) => {
    const key = mailboxKey(args.address);
    await store.directory.removeAccount(key);
    log.info('account.removed', { account: key });
    return { address: key };
  },
});

export const accountVerbs = [
  add,
  list,
  show,
  changePassword,
  switching('disable', 'Closes an account: it can neither log in nor receive; its mail stays.'),
  switching('enable', 'Opens a disabled account again.'),
  remove,
] as const;
