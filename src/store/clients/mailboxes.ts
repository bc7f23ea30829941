/** Folders and messages by account and name, for `posthorn mail`, scripts and tests; mail programs work on the ports of contract/mailbox.ts. */
import type { ByteSource } from '../../base/byte-source.ts';
import type { FolderFacts, MailboxPorts, MessageColumns, UidRanges } from '../../contract/mailbox.ts';
import { Failure } from '../../base/errors.ts';
import { addressKey } from '../../mail/address.ts';
import type { StoreCall } from '../call.ts';
import type { FolderRef, MailboxMessage, MessageListing } from '../ops/mailboxes.ts';

export type { FolderRef, MailboxMessage, MessageListing } from '../ops/mailboxes.ts';

export interface Folder {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: number;
  readonly specialUse: string | null;
  readonly subscribed: boolean;
  readonly messages: number;
  readonly unseen: number;
}

export interface AppendRequest extends FolderRef {
  readonly content: ByteSource;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
}

export interface FlagChange extends FolderRef {
  readonly uids: readonly number[];
  readonly mode: 'add' | 'remove' | 'replace';
  readonly flags: readonly string[];
}

export interface Transfer extends FolderRef {
  readonly uids: readonly number[];
  readonly target: string;
}

/** Source and target UIDs, pairwise (RFC 4315 §3). */
export interface Transferred {
  readonly uidValidity: number;
  readonly pairs: readonly { readonly from: number; readonly to: number }[];
}

export interface FlagsNow {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly modseq: number;
}

/** Changes resolve after the synced commit. Rejects with a permanent Failure `account-unknown` or `folder-unknown`. */
export interface MailboxStore {
  folders(account: string): Promise<readonly Folder[]>;
  createFolder(account: string, folder: string): Promise<{ readonly uidValidity: number }>;
  /** The folder is gone with the first commit; resolves when its messages are too. */
  removeFolder(account: string, folder: string): Promise<void>;
  /** Perhaps fewer than asked for: ask on from the last UID until there are none. */
  list(listing: MessageListing): Promise<readonly MailboxMessage[]>;
  /** Row and bytes (prefix and content); undefined when there is no such message. */
  read(ref: FolderRef & { readonly uid: number }): Promise<{ readonly message: MailboxMessage; readonly bytes: ByteSource } | undefined>;
  append(request: AppendRequest): Promise<{ readonly uid: number; readonly uidValidity: number }>;
  /** Of those whose flags are other ones now. */
  setFlags(change: FlagChange): Promise<readonly FlagsNow[]>;
  copy(transfer: Transfer): Promise<Transferred>;
  move(transfer: Transfer): Promise<Transferred>;
  expunge(args: FolderRef & { readonly uids?: readonly number[] }): Promise<{ readonly uids: readonly number[] }>;
}

export function createMailboxStore(call: StoreCall, ports: Pick<MailboxPorts, 'folders' | 'messages' | 'mails'>): MailboxStore {
  const { folders, messages, mails } = ports;
  const open = async (account: string, name: string): Promise<FolderFacts> => {
    const folder = await folders.find(account, name);
    if (folder) return folder;
    await folders.list(account);
    throw new Failure('folder-unknown', `${account} has no folder ${name}`, { temporary: false });
  };
  const transfer = async (how: 'copy' | 'move', { account, folder, uids, target }: Transfer): Promise<Transferred> => {
    const [source, into] = await Promise.all([open(account, folder), open(account, target)]);
    const { uidValidity, from, to } = await messages[how](source.id, rangesOf(uids), into.id);
    return { uidValidity, pairs: Array.from(from, (uid, at) => ({ from: uid, to: to[at] as number })) };
  };
  return {
    folders: async (account) => {
      const [rows, subscribed] = await Promise.all([folders.list(account), folders.subscriptions(account)]);
      return rows.map((row) => ({
        name: row.name, uidValidity: row.uidValidity, uidNext: row.uidNext, highestModseq: row.highestModseq, specialUse: row.specialUse.join(' ') || null,
        subscribed: subscribed.includes(row.name), messages: row.messages, unseen: row.unseen,
      }));
    },
    createFolder: async (account, name) => {
      const made = await folders.create(account, name);
      await folders.subscribe(account, made.name, true);
      return { uidValidity: made.uidValidity };
    },
    removeFolder: async (account, name) => folders.remove((await open(account, name)).id),
    list: (listing) => call('mailboxes.list', { ...listing, account: addressKey(listing.account) }),
    read: async ({ account, folder, uid }) => {
      const [message] = await call('mailboxes.list', { account: addressKey(account), folder, from: uid - 1, limit: 1 });
      if (message?.uid !== uid) return undefined;
      const bytes = await mails.content(message.mailId);
      return bytes && { message, bytes };
    },
    append: async ({ account, folder, content, flags, internalDate }) => {
      const { uids, uidValidity } = await messages.append((await open(account, folder)).id, [{ content, flags, internalDate }]);
      return { uid: uids[0] as number, uidValidity };
    },
    setFlags: async ({ account, folder, uids, mode, flags }) => {
      const { changed } = await messages.setFlags({ folder: (await open(account, folder)).id, uids: rangesOf(uids), mode, flags });
      return flagsOf(changed);
    },
    copy: (args) => transfer('copy', args),
    move: (args) => transfer('move', args),
    expunge: async ({ account, folder, uids }) => {
      const gone = await messages.expunge((await open(account, folder)).id, uids && rangesOf(uids));
      return { uids: [...gone.uids] };
    },
  };
}

function flagsOf({ uids, flagSets, sets, modseqs }: MessageColumns): FlagsNow[] {
  return Array.from(uids, (uid, at) => ({ uid, flags: sets[flagSets[at] as number] ?? [], modseq: modseqs[at] as number }));
}

/** Ascending and joined where they touch. */
function rangesOf(uids: readonly number[]): UidRanges {
  const ranges: [number, number][] = [];
  for (const uid of [...new Set(uids)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === uid - 1) last[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges;
}
