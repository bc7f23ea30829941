/** The STATUS line of a mailbox, for STATUS and for LIST's RETURN (RFC 9051 §7.3.4). One row of the store answers nearly all of it. */
import type { FolderFacts, MessageColumns } from '../../contract/mailbox.ts';
import type { StatusItem } from '../../wire/imap/status-items.ts';
import type { NamedFolder } from '../mailbox/namespace.ts';
import type { ImapSession } from './command.ts';

export async function writeStatus(session: ImapSession, { name, facts }: NamedFolder, items: readonly StatusItem[]): Promise<void> {
  const messages = needsMessages(facts, items) ? (await session.ports.mailboxes.messages.snapshot(facts.id))?.messages : undefined;
  const told = items.map((item) => `${item} ${valueOf(item, facts, messages, session.ports.messageBytesMax)}`);
  session.out.text('* STATUS ').mailbox(name).line(` (${told.join(' ')})`);
  // RFC 7162 §3.1: who asks for it understands it.
  if (items.includes('HIGHESTMODSEQ')) session.enable('CONDSTORE');
}

function needsMessages(facts: FolderFacts, items: readonly StatusItem[]): boolean {
  return (items.includes('RECENT') && facts.recentFromUid < facts.uidNext) || (items.includes('DELETED-STORAGE') && facts.deleted > 0);
}

function valueOf(item: StatusItem, facts: FolderFacts, messages: MessageColumns | undefined, messageBytesMax: number): string | number {
  switch (item) {
    case 'MESSAGES':
      return facts.messages;
    case 'UIDNEXT':
      return facts.uidNext;
    case 'UIDVALIDITY':
      return facts.uidValidity;
    case 'UNSEEN':
      return facts.unseen;
    case 'DELETED':
      return facts.deleted;
    case 'SIZE':
      return facts.sizeBytes;
    case 'HIGHESTMODSEQ':
      return facts.highestModseq;
    case 'MAILBOXID':
      return `(${facts.objectId})`;
    case 'APPENDLIMIT':
      return messageBytesMax;
    case 'RECENT':
      return messages ? messages.uids.reduce((count, uid) => count + (uid >= facts.recentFromUid ? 1 : 0), 0) : 0;
    case 'DELETED-STORAGE':
      return messages ? deletedBytes(messages) : 0;
  }
}

function deletedBytes({ sets, flagSets, sizes }: MessageColumns): number {
  const deleted = sets.map((set) => set.includes('\\Deleted'));
  return sizes.reduce((sum, size, row) => sum + (deleted[flagSets[row] as number] ? size : 0), 0);
}
