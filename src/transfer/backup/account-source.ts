/** The mail of one account in a backup, as a source that can be brought in again: all of it, one folder, one message. */
import { rm } from 'node:fs/promises';
import { Failure } from '../../base/errors.ts';
import { TRANSFER_LIMITS } from '../../base/transfer-limits.ts';
import { addressKey } from '../../mail/address.ts';
import { parseStructure } from '../../mail/mime-structure.ts';
import type { MailboxMessage } from '../../store/clients/mailboxes.ts';
import { openStore } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { MailSource, SourceFolder, SourceMessage } from '../source.ts';
import type { Manifest } from './manifest.ts';
import type { Repository } from './repository.ts';
import { bringUpToDate, restoreTo } from './restoring.ts';

export interface AccountInBackup {
  readonly repository: Repository;
  readonly manifest: Manifest;
  readonly account: string;
  /** Only the message with this Message-ID. */
  readonly messageId?: string;
  /** Names the restore: what the same one has brought in before is not brought in again. */
  readonly restoreId: string;
  readonly onProgress?: (text: string) => void;
}

/** Rejects with Failure `account-unknown`, `backup-damaged`. The backup is looked at aside; closing removes that. */
export async function openAccountInBackup({ repository, manifest, account, messageId, restoreId, onProgress }: AccountInBackup): Promise<MailSource> {
  const target = repository.scratch();
  const key = addressKey(account);
  await restoreTo(repository, manifest, { target, linked: true, ...(onProgress ? { onProgress } : {}) });
  bringUpToDate(target);
  const store = await openStore(target, { readOnly: true });
  const close = async (): Promise<void> => {
    await store.close();
    await rm(target, { recursive: true, force: true });
  };
  try {
    const folders = await store.mailbox.folders.list(key);
    if (folders.length === 0) throw new Failure('account-unknown', `there is no account ${account} in the backup ${manifest.id}`, { temporary: false });
    const subscribed = new Set(await store.mailbox.folders.subscriptions(key));
    return {
      id: `backup:${restoreId}`,
      folders: async () => (await holding(store, key, folders, messageId)).map(({ name, messages }): SourceFolder => ({ name, subscribed: subscribed.has(name), messages })),
      messages: (folder, wanted) => messagesOf(store, { account: key, folder: folder.name }, wanted, messageId),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** For one message only the folders that hold it: no others are made in the living account. */
async function holding<T extends { readonly name: string }>(store: Store, account: string, folders: readonly T[], messageId: string | undefined): Promise<readonly T[]> {
  if (messageId === undefined) return folders;
  const found: T[] = [];
  for (const folder of folders) {
    for await (const _ of messagesOf(store, { account, folder: folder.name }, async (keys) => new Set(keys), messageId)) {
      found.push(folder);
      break;
    }
  }
  return found;
}

interface Place {
  readonly account: string;
  readonly folder: string;
}

async function* messagesOf(store: Store, place: Place, wanted: (keys: readonly string[]) => Promise<ReadonlySet<string>>, messageId?: string): AsyncIterable<SourceMessage> {
  for (let from = 0; ; ) {
    const rows = await store.mailboxes.list({ ...place, from, limit: TRANSFER_LIMITS.batchMessagesMax });
    if (rows.length === 0) return;
    from = rows.at(-1)?.uid ?? from;
    const chosen = rows.filter((row) => messageId === undefined || messageIdOf(row) === messageId.trim());
    const missing = await wanted(chosen.map(({ uid }) => String(uid)));
    for (const { uid, flags, internalDate, sizeBytes } of chosen) {
      if (!missing.has(String(uid))) continue;
      yield { key: String(uid), flags, internalDate, sizeBytes, read: () => readMessage(store, place, uid) };
    }
  }
}

function messageIdOf({ structure }: MailboxMessage): string | undefined {
  return parseStructure(structure).envelope?.messageId?.trim();
}

async function readMessage(store: Store, place: Place, uid: number): Promise<Buffer> {
  const found = await store.mailboxes.read({ ...place, uid });
  if (!found) throw new Failure('backup-damaged', `message ${uid} of ${place.folder} is not in the backup`, { temporary: false });
  return found.bytes.read();
}
