/** Folders and messages of accounts, for `mail`, later IMAP and POP3. */
import { createHash } from 'node:crypto';
import { BufferSource, concatenate } from '../../base/byte-source.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { addressKey } from '../../mail/address.ts';
import { parseMimeSource, serializeStructure } from '../../mail/mime-structure.ts';
import { removeBodyFile, writeBodyFile } from '../body-files.ts';
import { asBuffer, exactBytes } from '../call.ts';
import type { StoreCall } from '../call.ts';
import type { Folder } from '../ops/folders.ts';
import type { Deposited, FlagChange, FolderRef, MailboxMessage, MessageListing, Transfer, Transferred } from '../ops/mailboxes.ts';

export interface AppendRequest extends FolderRef {
  readonly content: ByteSource;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly at: number;
}

/** Changes resolve after the synced commit. Rejects with a permanent Failure `account-unknown` or `folder-unknown`. */
export interface MailboxStore {
  folders(account: string): Promise<readonly Folder[]>;
  createFolder(account: string, folder: string, at: number): Promise<{ readonly uidValidity: number }>;
  /** The folder is gone with the first commit; resolves when its messages are too. */
  removeFolder(account: string, folder: string): Promise<void>;
  /** Perhaps fewer than asked for: ask on from the last UID until there are none. */
  list(listing: MessageListing): Promise<readonly MailboxMessage[]>;
  /** Row and bytes (prefix and content); undefined when there is no such message. */
  read(ref: FolderRef & { readonly uid: number }): Promise<{ readonly message: MailboxMessage; readonly bytes: ByteSource } | undefined>;
  append(request: AppendRequest): Promise<Deposited>;
  setFlags(change: FlagChange): Promise<readonly { readonly uid: number; readonly flags: readonly string[]; readonly modseq: number }[]>;
  copy(transfer: Transfer): Promise<Transferred>;
  move(transfer: Transfer): Promise<Transferred>;
  expunge(args: FolderRef & { readonly uids?: readonly number[] }): Promise<{ readonly uids: readonly number[]; readonly more: boolean }>;
}

export interface MailboxStoreOptions {
  readonly call: StoreCall;
  readonly dataDir: string;
  /** Reads a stored body by its digest: QueueStore.content. */
  readonly content: (digest: string) => Promise<ByteSource>;
}

export function createMailboxStore({ call, dataDir, content }: MailboxStoreOptions): MailboxStore {
  // Messages in files are read for their structure one at a time: together they could take all memory.
  const largeMessages = new Semaphore(1);
  return {
    folders: (account) => call('mailboxes.folders', { account: addressKey(account) }),
    createFolder: (account, folder, at) => call('mailboxes.createFolder', { account: addressKey(account), folder, at }),
    removeFolder: async (account, folder) => {
      await call('mailboxes.removeFolder', { account: addressKey(account), folder });
      await sweepRemovedMail(call);
    },
    list: (listing) => call('mailboxes.list', keyed(listing)),
    read: async (ref) => {
      const message = await call('mailboxes.read', keyed(ref));
      if (!message) return undefined;
      const body = await content(message.contentDigest);
      return { message, bytes: message.prefix.length === 0 ? body : concatenate([new BufferSource(asBuffer(message.prefix)), body]) };
    },
    append: (request) => append(call, dataDir, largeMessages, request),
    setFlags: (change) => call('mailboxes.setFlags', keyed(change)),
    copy: (transfer) => call('mailboxes.copy', keyed(transfer)),
    move: (transfer) => call('mailboxes.move', keyed(transfer)),
    expunge: (args) => call('mailboxes.expunge', keyed(args)),
  };
}

/**
 * Removes what removed folders still hold, in pieces, so that mail in transit never waits for it. After a crash the next
 * start goes on.
 */
export async function sweepRemovedMail(call: StoreCall): Promise<void> {
  while ((await call('mailboxes.sweepRemoved', undefined)).more);
}

function keyed<T extends FolderRef>(ref: T): T {
  return { ...ref, account: addressKey(ref.account) };
}

async function append(call: StoreCall, dataDir: string, largeMessages: Semaphore, request: AppendRequest): Promise<Deposited> {
  const { content } = request;
  if (content.size === 0) throw new Failure('message-empty', 'the message is empty', { temporary: false });
  const digest = await digestOf(content);
  const structure = serializeStructure(await (content.inMemory ? parseMimeSource(content) : largeMessages.run(() => parseMimeSource(content))));
  const large = content.size > QUEUE_LIMITS.inlineContentBytesMax;
  const file = large ? await writeBodyFile(dataDir, digest, content) : undefined;
  const bytes = large ? undefined : exactBytes(await content.read());
  try {
    return await call('mailboxes.append', {
      account: addressKey(request.account), folder: request.folder, flags: request.flags, internalDate: request.internalDate, at: request.at, structure,
      body: { digest, sizeBytes: content.size, ...(file === undefined ? {} : { file }), ...(bytes ? { bytes } : {}) },
    });
  } catch (error) {
    if (file !== undefined && error instanceof Failure && !error.temporary) await removeBodyFile(dataDir, file);
    throw error;
  }
}

async function digestOf(content: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content.chunks()) hash.update(chunk);
  return hash.digest('hex');
}
