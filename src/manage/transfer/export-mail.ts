/** Writes the mail of an account as a Maildir or as mbox files: the verbs that give it out, and who writes it down. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { TRANSFER_LIMITS } from '../../base/transfer-limits.ts';
import { addressKey } from '../../mail/address.ts';
import { createMaildirTarget, createMboxTarget } from '../../transfer/exporter.ts';
import type { VerbCaller } from './import-mail.ts';
import { addressArgument } from '../arguments.ts';
import { defineVerb } from '../verb.ts';

interface FolderEntry {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly messages: number;
  readonly subscribed: boolean;
}

interface MessageEntry {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly internalDate: number;
  readonly content: string;
}

interface MessagePage {
  readonly messages: readonly MessageEntry[];
  /** UID to go on behind; null at the end. */
  readonly next: number | null;
}

const folders = defineVerb({
  name: 'export.folders',
  summary: 'Lists the folders of an account for an export.',
  args: z.strictObject({ account: addressArgument }),
  run: async ({ store }, args): Promise<{ readonly folders: readonly FolderEntry[] }> => {
    const account = addressKey(args.account);
    const subscribed = new Set(await store.mailbox.folders.subscriptions(account));
    const list = await store.mailbox.folders.list(account);
    return { folders: list.map(({ name, uidValidity, uidNext, messages }) => ({ name, uidValidity, uidNext, messages, subscribed: subscribed.has(name) })) };
  },
});

const messages = defineVerb({
  name: 'export.messages',
  summary: 'Gives the next messages of a folder whole, in order of UID, as many as fit.',
  args: z.strictObject({ account: addressArgument, folder: z.string().min(1).max(500), after: z.number().int().nonnegative() }),
  run: async ({ store }, { account, folder, after }): Promise<MessagePage> => {
    const rows = await store.mailboxes.list({ account, folder, from: after, limit: TRANSFER_LIMITS.batchMessagesMax });
    const found: MessageEntry[] = [];
    let bytes = 0;
    for (const { uid, sizeBytes } of rows) {
      bytes += sizeBytes;
      if (found.length > 0 && bytes > TRANSFER_LIMITS.batchBytesMax) return { messages: found, next: found.at(-1)?.uid ?? null };
      const read = await store.mailboxes.read({ account, folder, uid });
      // Expunged meanwhile.
      if (!read) continue;
      found.push({ uid, flags: read.message.flags, internalDate: read.message.internalDate, content: (await read.bytes.read()).toString('base64') });
    }
    return { messages: found, next: rows.at(-1)?.uid ?? null };
  },
});

export const exportVerbs = [folders, messages] as const;

export interface ExportRequest {
  readonly account: string;
  readonly format: 'maildir' | 'mbox';
  /** A folder that does not exist yet or is empty. */
  readonly path: string;
  /** Only these folders; default all. */
  readonly only?: readonly string[];
  readonly onProgress?: (progress: { readonly folder: string; readonly done: number; readonly of: number }) => void;
}

export interface ExportResult {
  readonly folders: readonly { readonly name: string; readonly messages: number }[];
  readonly messages: number;
  /** What the form cannot hold, a sentence each. */
  readonly problems: readonly string[];
}

/** Rejects with Failure `target-not-empty`, `account-unknown`, `folder-unknown`, or the system's error when a file cannot be written. */
export async function exportMail(call: VerbCaller, { account, format, path, only, onProgress }: ExportRequest): Promise<ExportResult> {
  const all = ((await call('export.folders', { account })) as { folders: readonly FolderEntry[] }).folders;
  const unknown = only?.filter((wanted) => !all.some(({ name }) => name === wanted)) ?? [];
  if (unknown.length > 0) throw new Failure('folder-unknown', `${account} has no folder ${unknown.join(', ')}; it has ${all.map(({ name }) => name).join(', ')}`, { temporary: false });
  const list = all.filter(({ name }) => !only || only.includes(name));
  const target = format === 'maildir' ? await createMaildirTarget(path) : await createMboxTarget(path);
  const done: { name: string; messages: number }[] = [];
  const problems: string[] = [];
  for (const folder of list) {
    await target.beginFolder(folder);
    let count = 0;
    for (let after: number | null = 0; after !== null; ) {
      const page = (await call('export.messages', { account, folder: folder.name, after })) as MessagePage;
      for (const { content, ...message } of page.messages) await target.add({ ...message, bytes: Buffer.from(content, 'base64') });
      count += page.messages.length;
      after = page.next;
      onProgress?.({ folder: folder.name, done: count, of: folder.messages });
    }
    problems.push(...(await target.endFolder()));
    done.push({ name: folder.name, messages: count });
  }
  await target.end();
  return { folders: done, messages: done.reduce((sum, { messages: count }) => sum + count, 0), problems };
}
