/** What is in the mailboxes, for `posthorn mail` and scripts. Contents are base64; times milliseconds since 1970. */
import { z } from 'zod';
import { BufferSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import { parseStructure } from '../../mail/mime-structure.ts';
import type { EnvelopeAddress } from '../../mail/mime-structure.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import type { MailboxMessage } from '../../store/clients/mailboxes.ts';
import { addressArgument as account } from '../arguments.ts';
import { defineVerb } from '../verb.ts';

const folder = z.string().min(1).max(500).default('INBOX');
const uid = z.number().int().positive().max(0xffff_ffff);
const uids = z.array(uid).min(1).max(DIRECTORY_LIMITS.listedMessagesMax);
const flags = z.array(z.string().min(1).max(101)).max(DIRECTORY_LIMITS.flagsMax);

/** One line of a listing. Names and subject are decoded and untrusted text. */
export interface MessageSummary {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly internalDate: number;
  readonly sizeBytes: number;
  readonly from: readonly SummaryAddress[];
  readonly to: readonly SummaryAddress[];
  readonly subject: string;
  /** As the header has them; '' when missing. */
  readonly date: string;
  readonly messageId: string;
  /** Content-Type, `text/plain`. */
  readonly type: string;
}

export interface SummaryAddress {
  readonly name: string;
  readonly address: string;
}

export function summarize(message: Pick<MailboxMessage, 'uid' | 'flags' | 'internalDate' | 'sizeBytes' | 'structure'>): MessageSummary {
  const { envelope, type, subtype } = parseStructure(message.structure);
  return {
    uid: message.uid,
    flags: message.flags,
    internalDate: message.internalDate,
    sizeBytes: message.sizeBytes,
    from: (envelope?.from ?? []).flatMap(summaryAddress),
    to: (envelope?.to ?? []).flatMap(summaryAddress),
    subject: decodeWords(envelope?.subject ?? ''),
    date: envelope?.date ?? '',
    messageId: envelope?.messageId ?? '',
    type: `${type}/${subtype}`,
  };
}

/** Entries that open and close a group have no host. */
function summaryAddress(entry: EnvelopeAddress): SummaryAddress[] {
  if (entry.host === undefined) return [];
  return [{ name: decodeWords(entry.name ?? ''), address: `${entry.mailbox ?? ''}@${entry.host}` }];
}

const folders = defineVerb({
  name: 'mailbox.folders',
  summary: 'Lists the folders of an account with their counts.',
  args: z.strictObject({ account }),
  run: async ({ store }, args) => ({ folders: await store.mailboxes.folders(args.account) }),
});

const createFolder = defineVerb({
  name: 'mailbox.create-folder',
  summary: 'Makes a folder.',
  args: z.strictObject({ account, folder: z.string().min(1).max(500) }),
  run: ({ store }, args) => store.mailboxes.createFolder(args.account, args.folder),
});

const messages = defineVerb({
  name: 'mailbox.messages',
  summary: 'Lists messages of a folder, oldest first unless `descending`; `from` is the UID after which (before which) to go on.',
  args: z.strictObject({
    account, folder, from: z.number().int().nonnegative().optional(), descending: z.boolean().default(false),
    limit: z.number().int().positive().max(DIRECTORY_LIMITS.listedMessagesMax).default(100),
  }),
  run: async ({ store }, { from, ...args }) => {
    const found: MessageSummary[] = [];
    for (let next = from; found.length < args.limit; next = found.at(-1)?.uid) {
      const rows = await store.mailboxes.list({ ...args, limit: args.limit - found.length, ...(next === undefined ? {} : { from: next }) });
      if (rows.length === 0) break;
      found.push(...rows.map(summarize));
    }
    return { messages: found };
  },
});

const read = defineVerb({
  name: 'mailbox.read',
  summary: 'Gives one message, its trace fields included; marks it as seen unless `peek`.',
  args: z.strictObject({ account, folder, uid, peek: z.boolean().default(false) }),
  run: async ({ store }, args) => {
    const found = await store.mailboxes.read({ account: args.account, folder: args.folder, uid: args.uid });
    if (!found) throw new Failure('message-unknown', `there is no message ${args.uid} in ${args.folder} of ${args.account}`, { temporary: false });
    const content = (await found.bytes.read()).toString('base64');
    const where = { account: args.account, folder: args.folder, uids: [args.uid] };
    const [seen] = args.peek ? [] : await store.mailboxes.setFlags({ ...where, mode: 'add', flags: ['\\Seen'] });
    return { ...summarize(found.message), flags: seen?.flags ?? found.message.flags, content };
  },
});

const setFlags = defineVerb({
  name: 'mailbox.flags',
  summary: 'Adds, removes or replaces flags of messages.',
  args: z.strictObject({ account, folder, uids, mode: z.enum(['add', 'remove', 'replace']), flags }),
  run: async ({ store }, args) => ({ messages: await store.mailboxes.setFlags(args) }),
});

const transferArgs = z.strictObject({ account, folder, uids, target: z.string().min(1).max(500) });

const move = defineVerb({
  name: 'mailbox.move',
  summary: 'Moves messages to another folder.',
  args: transferArgs,
  run: ({ store }, args) => store.mailboxes.move(args),
});

const copy = defineVerb({
  name: 'mailbox.copy',
  summary: 'Copies messages to another folder.',
  args: transferArgs,
  run: ({ store }, args) => store.mailboxes.copy(args),
});

const expunge = defineVerb({
  name: 'mailbox.expunge',
  summary: 'Removes messages flagged \\Deleted, or those of the given ones that are; mailbox.undelete brings them back for a while.',
  args: z.strictObject({ account, folder, uids: uids.optional() }),
  run: ({ store }, args) => {
    const where = { account: args.account, folder: args.folder };
    return store.mailboxes.expunge(args.uids ? { ...where, uids: args.uids } : where);
  },
});

const append = defineVerb({
  name: 'mailbox.append',
  summary: 'Puts a message into a folder.',
  args: z.strictObject({ account, folder, content: z.string().min(1), flags: flags.default([]), internalDate: z.number().int().nonnegative().optional() }),
  run: ({ store, clock }, args) => {
    const content = new BufferSource(Buffer.from(args.content, 'base64'));
    return store.mailboxes.append({ account: args.account, folder: args.folder, content, flags: args.flags, internalDate: args.internalDate ?? clock.now() });
  },
});

export const mailboxVerbs = [folders, createFolder, messages, read, setFlags, move, copy, expunge, append] as const;
