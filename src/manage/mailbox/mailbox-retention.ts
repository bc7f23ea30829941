/**
 * Mail that somebody has thrown away: brought back while it can be, expunged from Trash and Junk after its time there,
 * and freed when nothing can bring it back any more. The server does the latter two by itself, each hour.
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import type { Config } from '../../config/config.ts';
import { DEFAULT_RETENTION } from '../../config/mailbox-config.ts';
import type { FolderFacts } from '../../contract/mailbox.ts';
import { mailboxKey } from '../../store/clients/directory.ts';
import type { ExpungedMail, KeptFolder } from '../../store/clients/retention.ts';
import { type MessageSummary, summarize } from './mailbox.ts';
import { addressArgument as account } from '../arguments.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

const folder = z.string().min(1).max(500);
const since = z.number().int().nonnegative().optional();

export interface ThrownAway extends MessageSummary {
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly expungedAt: number;
  readonly goneAt: number;
}

const expunged = defineVerb({
  name: 'mailbox.expunged',
  summary: 'Lists expunged mail of an account that can be brought back, oldest expunge first.',
  args: z.strictObject({ account, folder: folder.optional(), since, limit: z.number().int().positive().max(DIRECTORY_LIMITS.listedMessagesMax).default(DIRECTORY_LIMITS.listedMessagesMax) }),
  run: async (context, { limit, ...args }): Promise<{ readonly messages: readonly ThrownAway[]; readonly undeleteMs: number }> => {
    const selection = selected(await requireAccount(context, args.account), args);
    const { undeleteMs } = context.config.retention ?? DEFAULT_RETENTION;
    const rows = await context.store.retention.expunged(selection, limit);
    const facts = new Map((await context.store.mailbox.mails.facts(rows.map(({ mailId }) => mailId))).map((one) => [one.mailId, one]));
    const line = (row: ExpungedMail): ThrownAway[] => {
      const structure = facts.get(row.mailId)?.structure;
      return structure === undefined ? [] : [{ ...summarize({ ...row, structure }), folder: row.folder, expungedAt: row.expungedAt, goneAt: row.expungedAt + undeleteMs }];
    };
    return { messages: rows.flatMap(line), undeleteMs };
  },
});

const undelete = defineVerb({
  name: 'mailbox.undelete',
  summary: 'Brings expunged mail back into its folders, with its flags and dates.',
  args: z.strictObject({ account, folder: folder.optional(), since }),
  run: async (context, args) => {
    const key = await requireAccount(context, args.account);
    const restored = await context.store.retention.undelete(selected(key, args));
    context.log.info('mailbox.undeleted', { account: key, messages: restored });
    return { account: key, restored };
  },
});

function selected(key: string, { folder: name, since: from }: { readonly folder?: string | undefined; readonly since?: number | undefined }) {
  return { account: key, ...(name === undefined ? {} : { folder: name }), ...(from === undefined ? {} : { since: from }) };
}

const keep = defineVerb({
  name: 'mailbox.keep',
  summary: 'Says how long mail stays in a folder (milliseconds, 0 for ever, null as the configuration says); without a folder, which ones have a time of their own.',
  args: z.strictObject({ account, folder: folder.optional(), keepMs: z.number().int().nonnegative().nullable().optional() }),
  run: async (context, args) => {
    const key = await requireAccount(context, args.account);
    if (args.folder !== undefined && args.keepMs !== undefined) {
      const { id } = await requireFolder(context, key, args.folder);
      await context.store.retention.keep(id, args.keepMs);
      context.log.info('mailbox.retention-changed', { account: key, folder: id, keepMs: args.keepMs });
    }
    const rows = await context.store.retention.kept(key);
    return { account: key, folders: rows.map((row) => ({ folder: row.name, keepMs: row.keepMs })) };
  },
});

export interface RetentionResult {
  /** From folders, because their time there was over. */
  readonly expired: number;
  /** Freed: nothing brings it back. */
  readonly freed: number;
}

const expire = defineVerb({
  name: 'mailbox.expire',
  summary: 'Expunges mail whose time in Trash, Junk or a folder of its own time is over, and frees what can no longer be brought back.',
  args: z.strictObject({}),
  run: (context): Promise<RetentionResult> => applyRetention(context),
});

export const mailboxRetentionVerbs = [expunged, undelete, keep, expire] as const;

/** All that is due now, in pieces, so that mail in transit gets its turn. */
export async function applyRetention({ store, config, clock, log }: Pick<ManageContext, 'store' | 'config' | 'clock' | 'log'>): Promise<RetentionResult> {
  const now = clock.now();
  let expired = 0;
  for await (const one of store.retention.folders()) {
    const keepMs = keepTime(one, config);
    if (keepMs > 0) expired += await store.retention.expire(one.id, now - keepMs);
  }
  const { undeleteMs } = config.retention ?? DEFAULT_RETENTION;
  // At the limit itself it is over: with no time to undelete, what was expunged just now goes, too.
  const freed = await store.retention.forget(now - undeleteMs + 1);
  await store.retention.tidy();
  if (expired + freed > 0) log.info('mailbox.retention', { expired, freed });
  return { expired, freed };
}

/** Milliseconds; 0: for ever. */
function keepTime({ keepMs, specialUse }: KeptFolder, config: Config): number {
  const { trashMs, junkMs } = config.retention ?? DEFAULT_RETENTION;
  if (keepMs !== null) return keepMs;
  const uses = (specialUse ?? '').split(' ');
  if (uses.includes('\\Trash')) return trashMs;
  return uses.includes('\\Junk') ? junkMs : 0;
}

/** As the store knows it. */
export async function requireAccount({ store }: ManageContext, address: string): Promise<string> {
  const key = mailboxKey(address);
  const { accounts } = await store.directory.snapshot();
  if (accounts.some((row) => row.address === key)) return key;
  throw new Failure('account-unknown', `there is no account ${key}: posthorn account list shows those there are`, { temporary: false });
}

export async function requireFolder({ store }: ManageContext, key: string, name: string): Promise<FolderFacts> {
  const found = await store.mailbox.folders.find(key, name);
  if (found) return found;
  throw new Failure('folder-unknown', `${key} has no folder ${name}: posthorn mail folders -u ${key} shows those there are`, { temporary: false });
}
