/**
 * Messages of folders (contract/mailbox.ts, FolderMessages) over the storage thread: contents are digested, parsed and, when
 * large, written to files on this side; orders for many messages go in pieces and are told as one result.
 */
import type { Clock } from '../../base/clock.ts';
import type { FlagOrder, FlagResult, FolderId, FolderMessages, UidRanges } from '../../contract/mailbox.ts';
import type { StoreCall } from '../call.ts';
import type { NewMails } from './new-mails.ts';
import { joinColumns, joinUids } from './message-columns.ts';

export function createFolderMessages(call: StoreCall, clock: Clock, newMails: NewMails): FolderMessages {
  return {
    snapshot: (folder) => call('folderMessages.snapshot', { folder }),
    changes: (folder, sinceModseq) => call('folderMessages.changes', { folder, sinceModseq }),
    vanished: (folder, sinceModseq, known) => call('folderMessages.vanished', { folder, sinceModseq, ...(known ? { known } : {}) }),
    claimRecent: async (folder) => {
      // Most often there is nothing to claim, and then nothing to commit.
      const facts = await call('folders.get', { id: folder });
      if (facts && facts.recentFromUid >= facts.uidNext) return facts.recentFromUid;
      return call('folderMessages.claimRecent', { folder });
    },
    append: (folder, messages) =>
      newMails.store(messages, async (mails) => {
        const { uidValidity, firstUid, highestModseq } = await call('folderMessages.append', { folder, mails, at: clock.now() });
        return { uidValidity, uids: messages.map((_, at) => firstUid + at), highestModseq };
      }),
    replace: (source, uid, target, message) =>
      newMails.store([message], async (mails) => {
        const { uidValidity, firstUid, highestModseq } = await call('folderMessages.replace', { source, uid, folder: target, mails, at: clock.now() });
        return { uidValidity, uid: firstUid, highestModseq };
      }),
    setFlags: (order) => setFlags(call, order),
    copy: (source, uids, target, rights) => call('folderMessages.transfer', { source, uids, target, at: clock.now(), keep: true, ...(rights === undefined ? {} : { rights }) }),
    move: (source, uids, target, rights) => call('folderMessages.transfer', { source, uids, target, at: clock.now(), keep: false, ...(rights === undefined ? {} : { rights }) }),
    expunge: (folder, uids) => expunge(call, clock, folder, uids === undefined ? {} : { uids }),
    remove: async (folder, uids) => void (await expunge(call, clock, folder, { uids, anyFlags: true })),
  };
}

async function setFlags(call: StoreCall, order: FlagOrder): Promise<FlagResult> {
  const pieces: FlagResult[] = [];
  for (let uids: UidRanges | null = order.uids; uids; ) {
    const piece: FlagResult & { readonly next: UidRanges | null } = await call('folderMessages.setFlags', { ...order, uids });
    pieces.push(piece);
    uids = piece.next;
  }
  return {
    changed: joinColumns(pieces.map(({ changed }) => changed)),
    modified: joinUids(pieces.map(({ modified }) => modified)),
    highestModseq: (pieces.at(-1) as FlagResult).highestModseq,
  };
}

async function expunge(
  call: StoreCall,
  clock: Clock,
  folder: FolderId,
  which: { readonly uids?: UidRanges; readonly anyFlags?: boolean },
): Promise<{ readonly uids: Uint32Array; readonly highestModseq: number }> {
  const gone: Uint32Array[] = [];
  const at = clock.now();
  let piece = await call('folderMessages.expunge', { ...which, folder, at });
  gone.push(piece.uids);
  while (piece.next) {
    piece = await call('folderMessages.expunge', { ...which, folder, at, uids: piece.next });
    gone.push(piece.uids);
  }
  return { uids: joinUids(gone), highestModseq: piece.highestModseq };
}
