/**
 * LIST (RFC 9051 §6.3.9) in the plain form and with LIST-EXTENDED (RFC 5258). Children and special uses are told always, as most clients expect.
 */
import { readListArguments, type ListArguments } from '../../../wire/imap/list-arguments.ts';
import { ok } from '../../../wire/imap/response.ts';
import type { NamedFolder } from '../../mailbox/namespace.ts';
import { defineCommand, LOGGED_IN, type ImapSession } from '../command.ts';
import { attributesOf, writeListLine } from '../list/list-line.ts';
import { NameMatcher } from '../list/name-matcher.ts';
import { NameTree, type NameEntry } from '../list/name-tree.ts';
import { writeMetadata } from '../metadata-entries.ts';
import { rightsForClients } from '../rights.ts';
import { writeStatus } from '../status-line.ts';

export const list = defineCommand({
  name: 'LIST',
  states: LOGGED_IN,
  parse: readListArguments,
  run: async (session, wanted) => {
    if (wanted.asksSeparator && !wanted.extended) {
      session.out.line('* LIST (\\Noselect) "/" ""');
      return ok('LIST completed');
    }
    const [folders, subscriptions] = await Promise.all([session.names.list(), session.names.subscriptions()]);
    const tree = new NameTree(folders, subscriptions);
    const selects = selection(wanted);
    const names = new NameMatcher(wanted.patterns);
    await names.look(tree.entries(), session.signal);
    // RFC 5258 §3.5: a name below that is told itself needs no CHILDINFO above it.
    if (wanted.select.recursiveMatch) tree.markAbove((entry) => selects(entry) && !names.matches(entry));
    const found = tree.entries().filter((entry) => isTold(entry, wanted, selects) && names.matches(entry));
    const extended = wanted.extended || session.enabled.rev2;
    const tellSubscribed = wanted.select.subscribed || wanted.returns.subscribed;
    for (const entry of found) {
      const childInfo = entry.selectedBelow ? childInfoOf(wanted) : undefined;
      writeListLine(session.out, { name: entry.name, attributes: attributesOf(entry, { extended, tellSubscribed }), ...(childInfo && { childInfo }) });
      if (entry.folder) await tellMore(session, entry.folder, wanted);
      await session.flushWhenFull();
    }
    return ok('LIST completed');
  },
});

/** Does a name by itself meet what the command selects? */
function selection({ select }: ListArguments): (entry: NameEntry) => boolean {
  return (entry) => (!select.subscribed || entry.subscribed) && (!select.specialUse || isUsed(entry));
}

function isUsed(entry: NameEntry): boolean {
  return entry.folder !== undefined && entry.folder.name === entry.folder.facts.name && entry.folder.facts.specialUse.length > 0;
}

function isTold(entry: NameEntry, { select }: ListArguments, selects: (entry: NameEntry) => boolean): boolean {
  if (select.subscribed || select.specialUse) return selects(entry) || entry.selectedBelow;
  // A subscription alone makes no name.
  return entry.folder !== undefined || entry.hasChildren;
}

function childInfoOf({ select }: ListArguments): readonly string[] {
  return [...(select.subscribed ? ['SUBSCRIBED'] : []), ...(select.specialUse ? ['SPECIAL-USE'] : [])];
}

/** What RETURN asks for beside the line. A mailbox whose state the user may not know has no STATUS line (RFC 5819 §2). */
async function tellMore(session: ImapSession, folder: NamedFolder, { returns }: ListArguments): Promise<void> {
  if (returns.status.length > 0 && folder.rights.includes('r')) await writeStatus(session, folder, returns.status);
  if (returns.myRights) session.out.text('* MYRIGHTS ').mailbox(folder.name).line(` ${rightsForClients(folder.rights)}`);
  if (returns.metadata.length > 0 && folder.rights.includes('r')) await writeMetadata(session, folder, returns.metadata);
}
