/** What an account may keep (quota), and who else may use its folders (shared mailboxes, RFC 4314). */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import type { QuotaState } from '../../contract/mailbox.ts';
import { mailboxKey } from '../../store/clients/directory.ts';
import { requireAccount, requireFolder } from '../mailbox/mailbox-retention.ts';
import { addressArgument as address } from '../arguments.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

/** `none`: no limit, whatever the configuration says; `default`: what it says. */
const limit = z.union([z.number().int().positive(), z.literal('none'), z.literal('default')]).optional();
type Limit = z.infer<typeof limit>;

export interface AccountQuota extends QuotaState {
  readonly account: string;
}

const quota = defineVerb({
  name: 'account.quota',
  summary: 'Shows what an account keeps and may keep; changes the limits that are given.',
  args: z.strictObject({ address, bytes: limit, messages: limit }),
  run: async (context, args): Promise<AccountQuota> => {
    const account = await requireAccount(context, args.address);
    const { quotas } = context.store.mailbox;
    if (args.bytes === undefined && args.messages === undefined) return { account, ...(await quotas.state(account)) };
    const state = await quotas.set(account, { ...stored('bytesMax', args.bytes), ...stored('messagesMax', args.messages) });
    context.log.info('account.mailbox-quota-changed', { account, bytes: args.bytes, messages: args.messages });
    return { account, ...state };
  },
});

function stored<Name extends 'bytesMax' | 'messagesMax'>(name: Name, value: Limit): { [key in Name]?: number | null } {
  if (value === undefined) return {};
  return { [name]: value === 'default' ? null : value === 'none' ? 0 : value } as { [key in Name]?: number | null };
}

/** Common wishes as words; anything else is letters of RFC 4314. */
const RIGHTS_WORDS: Readonly<Record<string, string>> = { read: 'lrs', write: 'lrswite', post: 'lp', all: 'lrswipkxtea', none: '' };

export interface FolderShare {
  readonly account: string;
  readonly folder: string;
  readonly identifier: string;
  readonly rights: string;
}

const share = defineVerb({
  name: 'account.share',
  summary: 'Lets somebody use a folder of an account: read, write, all, none, or letters of RFC 4314.',
  args: z.strictObject({ address, folder: z.string().min(1).max(500), identifier: z.string().min(1).max(1001), rights: z.string().max(20) }),
  run: async (context, args): Promise<FolderShare> => {
    const account = await requireAccount(context, args.address);
    const { id, name } = await requireFolder(context, account, args.folder);
    const identifier = await requireIdentifier(context, args.identifier);
    await context.store.mailbox.sharing.set(id, identifier, RIGHTS_WORDS[args.rights] ?? args.rights);
    const rights = (await context.store.mailbox.sharing.list(id)).find((row) => row.identifier === identifier)?.rights ?? '';
    context.log.info('account.shared', { account, folder: id, identifier, rights });
    return { account, folder: name, identifier, rights };
  },
});

/** `anyone`, or an account of this server; either behind `-`. */
async function requireIdentifier(context: ManageContext, identifier: string): Promise<string> {
  const negative = identifier.startsWith('-') ? '-' : '';
  const name = identifier.slice(negative.length);
  if (name.toLowerCase() === 'anyone') return `${negative}anyone`;
  if (!name.includes('@')) throw new Failure('identifier-refused', `${JSON.stringify(name)} is neither an account nor "anyone"`, { temporary: false });
  return `${negative}${await requireAccount(context, name)}`;
}

const shares = defineVerb({
  name: 'account.shares',
  summary: 'Lists the folders of an account that others may use, and those of others that it may use.',
  args: z.strictObject({ address }),
  run: async (context, args): Promise<{ readonly own: readonly FolderShare[]; readonly others: readonly FolderShare[] }> => {
    const account = mailboxKey(args.address);
    const { folders, sharing } = context.store.mailbox;
    const own: FolderShare[] = [];
    for (const { id, name } of await folders.list(account)) {
      for (const { identifier, rights } of await sharing.list(id)) own.push({ account, folder: name, identifier, rights });
    }
    const others = (await sharing.sharedWith(account)).map(({ folder, rights }) => ({ account: folder.account, folder: folder.name, identifier: account, rights }));
    return { own, others };
  },
});

export const accountMailboxVerbs = [quota, share, shares] as const;
