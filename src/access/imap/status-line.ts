/** The STATUS line of a mailbox, for STATUS and for LIST's RETURN (RFC 9051 §7.3.4). One row of the store answers nearly all of it. */
import type { FolderFacts } from '../../contract/mailbox.ts';
import type { StatusItem } from '../../wire/imap/status-items.ts';
import type { LiveFolder } from '../mailbox/live-folder.ts';
import type { NamedFolder } from '../mailbox/namespace.ts';
import type { ImapSession } from './command.ts';

export async function writeStatus(session: ImapSession, { name, facts }: NamedFolder, items: readonly StatusItem[]): Promise<void> {
  const lease = needsMessages(facts, items) ? await session.ports.liveFolders.open(facts.id) : undefined;
  const told = items.map((item) => `${item} ${valueOf(item, facts, lease?.live, session.ports.messageBytesMax)}`);
  lease?.release();
  session.out.text('* STATUS ').mailbox(name).line(` (${told.join(' ')})`);
  // RFC 7162 §3.1: who asks for it understands it.
  if (items.includes('HIGHESTMODSEQ')) session.enable('CONDSTORE');
}

function needsMessages(facts: FolderFacts, items: readonly StatusItem[]): boolean {
  return (items.includes('RECENT') && facts.recentFromUid < facts.uidNext) || (items.includes('DELETED-STORAGE') && facts.deleted > 0);
}

function valueOf(item: StatusItem, facts: FolderFacts, live: LiveFolder | undefined, messageBytesMax: number): string | number {
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
      return live ? recentCount(live) : 0;
    case 'DELETED-STORAGE':
      return live ? deletedBytes(live) : 0;
  }
}

/** What a session took for itself a moment ago is nobody else's, though the store may not know yet. */
function recentCount({ rows, recentFromUid }: LiveFolder): number {
  let count = 0;
  while (count < rows.count && rows.uidAt(rows.count - 1 - count) >= recentFromUid) count += 1;
  return count;
}

function deletedBytes({ rows }: LiveFolder): number {
  const deleted = rows.flagSets.sets.map((set) => set.includes('\\Deleted'));
  let bytes = 0;
  for (let row = 0; row < rows.count; row += 1) if (deleted[rows.setNumbers[row] as number]) bytes += rows.sizes[row] as number;
  return bytes;
}
