/**
 * What mail programs see of an account: folders, the messages in them, who may do what, and the news of changes. Protocols
 * (access/) work on these ports; the store implements them (store/clients/folders.ts and its neighbours).
 *
 * A folder is named by its id, which is never used again; names are looked up once, at SELECT. A message in a folder is
 * named by its UID. What does not change about a message (bytes, structure, ids of RFC 8474) belongs to its mail, which
 * copies in several folders share and which is named by `mailId`.
 */
import type { ByteSource } from '../base/byte-source.ts';

export type FolderId = number;

/** Every method that changes something resolves after the synced commit; several sessions and other threads see it through `watch`. */
export interface MailboxPorts {
  readonly folders: FolderStore;
  readonly messages: FolderMessages;
  readonly mails: MailReader;
  readonly sharing: FolderSharing;
  readonly annotations: Annotations;
  readonly quotas: Quotas;
  readonly search: MailSearch;
  readonly feed: FolderFeed;
}

export interface FolderFacts {
  readonly id: FolderId;
  /** The owner, as addressKey. */
  readonly account: string;
  /** UTF-8 in NFC, levels separated by `/`; INBOX in capitals. */
  readonly name: string;
  /** RFC 8474 MAILBOXID: stays over a rename. */
  readonly objectId: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  /** Every change of the folder takes the next one; starts with 1. */
  readonly highestModseq: number;
  /** RFC 6154, e.g. `\Sent`; empty for most. */
  readonly specialUse: readonly string[];
  /** Counters kept with each change, so that STATUS reads one row. */
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeBytes: number;
  /** Messages from this UID on are \Recent (IMAP4rev1) to the next session that claims them. */
  readonly recentFromUid: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Failures are permanent: `folder-unknown`, `folder-exists`, `folder-name-refused`, `folder-needed` (INBOX), `too-many-folders`, `account-unknown`. */
export interface FolderStore {
  /** INBOX first, then by name. */
  list(account: string): Promise<readonly FolderFacts[]>;
  find(account: string, name: string): Promise<FolderFacts | undefined>;
  get(id: FolderId): Promise<FolderFacts | undefined>;
  /** `implied`: it is made only because another is to be below it. One made so may be created once more, and is itself then. */
  create(account: string, name: string, options?: { readonly specialUse?: readonly string[]; readonly implied?: boolean }): Promise<FolderFacts>;
  /** With what is below it. INBOX: its messages move to the new folder and it stays (RFC 9051 §6.3.6). */
  rename(id: FolderId, newName: string): Promise<FolderFacts>;
  /** With its messages, not with what is below it. Its messages can be undeleted for as long as expunged ones can. */
  remove(id: FolderId): Promise<void>;
  setSpecialUse(id: FolderId, specialUse: readonly string[]): Promise<FolderFacts>;
  /** Subscribed names of a viewer, which may name folders that are not there (RFC 9051 §6.3.7); a shared folder by the name the viewer sees. */
  subscriptions(viewer: string): Promise<readonly string[]>;
  subscribe(viewer: string, name: string, on: boolean): Promise<void>;
}

/**
 * Messages of a folder, column by column, in order of UID: a folder of 20,000 is a few arrays that cross threads without
 * being copied. `flagSets[i]` is an index into `sets`.
 */
export interface MessageColumns {
  readonly uids: Uint32Array;
  readonly modseqs: Float64Array;
  readonly flagSets: Uint32Array;
  /** Distinct sets of flags, each sorted, system flags in their usual spelling (`\Seen`), keywords as given first. */
  readonly sets: readonly (readonly string[])[];
  /** Milliseconds since 1970. */
  readonly internalDates: Float64Array;
  readonly savedAts: Float64Array;
  /** Bytes, as RFC822.SIZE tells them. */
  readonly sizes: Float64Array;
  readonly mailIds: Float64Array;
}

export interface FolderSnapshot {
  readonly folder: FolderFacts;
  readonly messages: MessageColumns;
}

export interface FolderChanges {
  /** As it is now. Undefined: the folder is gone. */
  readonly folder: FolderFacts | undefined;
  /** New ones and those whose flags changed. */
  readonly changed: MessageColumns;
  /** UIDs that were expunged, ascending. */
  readonly vanished: Uint32Array;
}

/** Ascending, not overlapping, both ends included. */
export type UidRanges = readonly (readonly [from: number, to: number])[];

export interface FlagOrder {
  readonly folder: FolderId;
  readonly uids: UidRanges;
  readonly mode: 'add' | 'remove' | 'replace';
  readonly flags: readonly string[];
  /** RFC 7162 UNCHANGEDSINCE: messages with a later MODSEQ are left alone and named in `modified`. */
  readonly unchangedSince?: number;
}

export interface FlagResult {
  /** Of the messages whose flags are other ones now; `modseq` is theirs. */
  readonly changed: MessageColumns;
  /** UIDs left alone by `unchangedSince`. */
  readonly modified: Uint32Array;
  readonly highestModseq: number;
}

export interface NewMessage {
  readonly content: ByteSource;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
}

/** Pairs in order: `from[i]` became `to[i]` (RFC 4315 §3). */
export interface TransferResult {
  readonly uidValidity: number;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly highestModseq: number;
}

/** Permanent Failures: `folder-unknown`, `flag-refused`, `message-empty`, `message-too-large`, `over-quota`. */
export interface FolderMessages {
  snapshot(folder: FolderId): Promise<FolderSnapshot | undefined>;
  changes(folder: FolderId, sinceModseq: number): Promise<FolderChanges>;
  /** UIDs expunged after that MODSEQ; when that is longer ago than is remembered, every UID of `known` that is not there (RFC 7162 §3.2.5.2). */
  vanished(folder: FolderId, sinceModseq: number, known?: UidRanges): Promise<Uint32Array>;
  /** The first UID that is \Recent; afterwards none is until more arrive. */
  claimRecent(folder: FolderId): Promise<number>;
  /** All or none (RFC 3502). `uids` in order. */
  append(folder: FolderId, messages: readonly NewMessage[]): Promise<{ readonly uidValidity: number; readonly uids: readonly number[]; readonly highestModseq: number }>;
  /** Appends, and expunges `uid`, in one commit (RFC 8508). */
  replace(source: FolderId, uid: number, target: FolderId, message: NewMessage): Promise<{ readonly uidValidity: number; readonly uid: number; readonly highestModseq: number }>;
  setFlags(order: FlagOrder): Promise<FlagResult>;
  /** Keeps internal dates, and the flags that `rights` on the target (default all) allow to set (RFC 4314 §4). UIDs that are not there are passed over. */
  copy(source: FolderId, uids: UidRanges, target: FolderId, rights?: Rights): Promise<TransferResult>;
  /** In one commit (RFC 6851). */
  move(source: FolderId, uids: UidRanges, target: FolderId, rights?: Rights): Promise<TransferResult>;
  /** Removes those of `uids` (default all) that are flagged \Deleted. Content can be undeleted for `[retention] undelete`. */
  expunge(folder: FolderId, uids?: UidRanges): Promise<{ readonly uids: Uint32Array; readonly highestModseq: number }>;
  /** The same whatever their flags (POP3). */
  remove(folder: FolderId, uids: UidRanges): Promise<void>;
}

export interface MailFacts {
  readonly mailId: number;
  /** RFC 8474. */
  readonly emailId: string;
  readonly threadId: string;
  readonly sizeBytes: number;
  /** JSON of mail/mime-structure.ts; offsets from the start of the message as `content` gives it. */
  readonly structure: string;
  /** At most 200 characters of the text (RFC 8970). */
  readonly preview: string;
  /** Of the Date field, milliseconds since 1970; undefined when there is none that can be read. */
  readonly sentAt?: number;
}

/** Bytes of a message, `end` exclusive. One that occurs twice in a question is asked for the same bytes. */
export type MailPieceOrder = readonly [mailId: number, start: number, end: number];

export interface MailPiece {
  /** Where `bytes` begins in the message: what was asked for, or 0 when it lies in a file, which is the whole message. */
  readonly start: number;
  readonly bytes: ByteSource;
}

export interface MailReader {
  /** Those that there are, in the order asked for; bounded pieces are fetched inside. */
  facts(mailIds: ArrayLike<number>): Promise<readonly MailFacts[]>;
  /** The whole message, trace fields of this copy included. Undefined when it is gone. */
  content(mailId: number): Promise<ByteSource | undefined>;
  /** The same for many small ones in one question; those too large for it are files in their place. */
  contents(mailIds: ArrayLike<number>): Promise<readonly (ByteSource | undefined)[]>;
  /** A piece of each of many messages in one question; undefined when it is gone. Absent: `contents` is asked instead. */
  pieces?(wanted: readonly MailPieceOrder[]): Promise<readonly (MailPiece | undefined)[]>;
  /** The first bytes of many messages, each up to and with the empty line behind its header; undefined when it is gone. Absent: `contents` is asked instead. */
  headers?(mailIds: ArrayLike<number>): Promise<readonly (Buffer | undefined)[]>;
}

/** RFC 4314 rights, a string of letters in this order: `lrswipkxtea`. The owner has all. */
export type Rights = string;

export interface FolderSharing {
  /** What `viewer` may do with a folder of somebody; empty: it does not exist for them. */
  rights(folder: FolderId, viewer: string): Promise<Rights>;
  /** Identifier (an account, `anyone`, or either behind `-` for negative rights) to rights; the owner's own are not listed. */
  list(folder: FolderId): Promise<readonly { readonly identifier: string; readonly rights: Rights }[]>;
  set(folder: FolderId, identifier: string, rights: Rights): Promise<void>;
  /** Folders of others that `viewer` may look up, with what they may do there. */
  sharedWith(viewer: string): Promise<readonly { readonly folder: FolderFacts; readonly rights: Rights }[]>;
}

/** RFC 5464. `folder` undefined: of the server, as that account sees it. Entries begin with `/private/` or `/shared/`, in lower case. */
export interface Annotations {
  list(viewer: string, folder: FolderId | undefined): Promise<readonly { readonly entry: string; readonly value: Uint8Array }[]>;
  /** Undefined removes it. Throws Failure `too-many-annotations`. */
  set(viewer: string, folder: FolderId | undefined, entries: readonly { readonly entry: string; readonly value: Uint8Array | undefined }[]): Promise<void>;
}

export interface QuotaState {
  readonly usedBytes: number;
  readonly usedMessages: number;
  /** Undefined: no limit. */
  readonly bytesMax: number | undefined;
  readonly messagesMax: number | undefined;
}

export interface Quotas {
  state(account: string): Promise<QuotaState>;
  /** Undefined leaves a limit as it is, null removes it. */
  set(account: string, limits: { readonly bytesMax?: number | null; readonly messagesMax?: number | null }): Promise<QuotaState>;
}

/** Where text is looked for. `header`: in the named field; `text`: header and body. */
export interface TextQuery {
  readonly where: 'subject' | 'from' | 'to' | 'cc' | 'bcc' | 'header' | 'body' | 'text';
  /** With `header`. */
  readonly field?: string;
  /** A substring, compared without case (RFC 9051 §6.4.4); empty matches every message that has the field. */
  readonly value: string;
}

export interface MailSearch {
  /** Those of `mailIds` that contain the text. Complete: what the index has not taken up yet is read. */
  matching(mailIds: ArrayLike<number>, query: TextQuery, signal?: AbortSignal): Promise<ReadonlySet<number>>;
}

export interface FolderNews {
  readonly folder: FolderId;
  /** The owner. */
  readonly account: string;
  readonly highestModseq: number;
  /** The list of folders changed: made, renamed, removed, shared, subscribed, annotated. */
  readonly listChanged: boolean;
}

export interface FolderFeed {
  /** Called after each commit that changed a folder, in whichever thread; undone by the result. A watcher never hears of one folder twice in a call. */
  watch(listener: (news: readonly FolderNews[]) => void): () => void;
  /** True when everything that was committed, by whichever thread, has been told: what a listener knows is what the store has. */
  readonly upToDate?: boolean;
}
