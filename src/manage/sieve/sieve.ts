/** Sieve scripts of accounts: list, show, put, activate, remove. The same store as ManageSieve's. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import type { SieveProblem } from '../../sieve/script.ts';
import { mailboxKey } from '../../store/clients/directory.ts';
import type { ScriptRow } from '../../store/clients/scripts.ts';
import { checkSieve } from './sieve-check.ts';
import { addressArgument as account } from '../arguments.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

const name = z.string().min(1).max(1000);

export async function requireAccount({ store }: Pick<ManageContext, 'store'>, address: string): Promise<string> {
  const key = mailboxKey(address);
  const { accounts } = await store.directory.snapshot();
  if (!accounts.some((row) => row.address === key)) throw new Failure('account-unknown', `there is no account ${key}: posthorn account list shows those there are`, { temporary: false });
  return key;
}

const list = defineVerb({
  name: 'sieve.list',
  summary: 'Lists the Sieve scripts of an account.',
  args: z.strictObject({ account }),
  run: async (context, args): Promise<{ account: string; scripts: readonly ScriptRow[] }> => {
    const key = await requireAccount(context, args.account);
    return { account: key, scripts: await context.store.scripts.list(key) };
  },
});

const show = defineVerb({
  name: 'sieve.show',
  summary: 'Shows a Sieve script of an account, the active one by default.',
  args: z.strictObject({ account, name: name.optional() }),
  run: async (context, args): Promise<{ account: string; name: string; script: string }> => {
    const key = await requireAccount(context, args.account);
    const { scripts } = context.store;
    const content = args.name === undefined ? await scripts.active(key) : { name: args.name, content: await scripts.get(key, args.name) };
    if (!content?.content) throw new Failure('script-unknown', args.name === undefined ? `${key} has no active script` : `${key} has no script ${JSON.stringify(args.name)}`, { temporary: false });
    return { account: key, name: content.name, script: content.content.toString() };
  },
});

export interface SievePut {
  readonly account: string;
  readonly name: string;
  readonly active: boolean;
  readonly warnings: readonly SieveProblem[];
}

const PROBLEMS_TOLD_MAX = 3;

function told(problems: readonly SieveProblem[]): string {
  const lines = problems.slice(0, PROBLEMS_TOLD_MAX).map(({ line, message }) => `line ${line}: ${message}`);
  return [...lines, ...(problems.length > PROBLEMS_TOLD_MAX ? [`and ${problems.length - PROBLEMS_TOLD_MAX} more (posthorn sieve check shows all)`] : [])].join('; ');
}

const put = defineVerb({
  name: 'sieve.put',
  summary: 'Stores a Sieve script for an account, when it is right.',
  args: z.strictObject({ account, name, /** Base64. */ script: z.base64(), activate: z.boolean().default(false) }),
  run: async (context, args): Promise<SievePut> => {
    const key = await requireAccount(context, args.account);
    const content = Buffer.from(args.script, 'base64');
    const { ok, problems, warnings } = checkSieve(content);
    if (!ok) throw new Failure('script-wrong', `the script is wrong: ${told(problems)}`, { temporary: false });
    const { store, clock, log } = context;
    await store.scripts.put(key, args.name, content, { at: clock.now(), activate: args.activate });
    log.info('sieve.put', { account: key, script: args.name });
    const rows = await store.scripts.list(key);
    return { account: key, name: args.name, active: rows.some((row) => row.name === args.name && row.active), warnings };
  },
});

const activate = defineVerb({
  name: 'sieve.activate',
  summary: 'Makes a Sieve script of an account the one that is run; without a name, none.',
  args: z.strictObject({ account, name: name.optional() }),
  run: async (context, args) => {
    const key = await requireAccount(context, args.account);
    await context.store.scripts.activate(key, args.name);
    context.log.info('sieve.activated', { account: key, script: args.name ?? '' });
    return { account: key, ...(args.name === undefined ? {} : { name: args.name }) };
  },
});

const remove = defineVerb({
  name: 'sieve.remove',
  summary: 'Removes a Sieve script of an account that is not active.',
  args: z.strictObject({ account, name }),
  run: async (context, args) => {
    const key = await requireAccount(context, args.account);
    await context.store.scripts.remove(key, args.name);
    context.log.info('sieve.removed', { account: key, script: args.name });
    return { account: key, name: args.name };
  },
});

export const sieveVerbs = [list, show, put, activate, remove] as const;
