/** COPY, MOVE and their UID forms (RFC 9051 §6.4.7, §6.4.8): all or none, with COPYUID. */
import { Failure } from '../../../base/errors.ts';
import type { TransferResult } from '../../../contract/mailbox.ts';
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { formatOutcome, no, ok, type Outcome } from '../../../wire/imap/response.ts';
import { formatNumbers, readSequenceSet, type SequenceSet } from '../../../wire/imap/sequence-set.ts';
import { defineCommand, SELECTED, type Command, type ImapSession } from '../command.ts';
import { requireRights, withProgress } from '../selected-changes.ts';
import { selectedFolder, type SelectedFolder } from '../selected-folder.ts';
import type { Numbering } from '../selected-state.ts';
import { refuseSequences } from '../uid-only.ts';

type Verb = 'COPY' | 'MOVE';

interface TransferOrder {
  readonly set: SequenceSet;
  readonly mailbox: string;
}

export const copy = transferCommand('COPY', 'sequence');
export const uidCopy = transferCommand('COPY', 'uid');
export const move = transferCommand('MOVE', 'sequence');
export const uidMove = transferCommand('MOVE', 'uid');

function transferCommand(verb: Verb, numbering: Numbering): Command {
  return defineCommand<TransferOrder>({
    name: numbering === 'uid' ? `UID ${verb}` : verb,
    states: SELECTED,
    parse: (scanner, context) => {
      if (numbering === 'sequence') refuseSequences(context.enabled);
      scanner.space();
      const set = readSequenceSet(scanner);
      scanner.space();
      const mailbox = readMailboxName(scanner);
      scanner.end();
      return { set, mailbox };
    },
    run: (session, order) => run(session, verb, numbering, order),
  });
}

async function run(session: ImapSession, verb: Verb, numbering: Numbering, order: TransferOrder): Promise<Outcome> {
  const selected = selectedFolder(session);
  // RFC 6851 §3.3, RFC 4314 §4: what STORE \Deleted and EXPUNGE would take.
  if (verb === 'MOVE') requireRights(selected, 't', 'e');
  const { uids } = selected.targets(order.set, numbering);
  try {
    const target = await session.names.require(order.mailbox, 'i');
    if (uids.length === 0) return ok(`${verb} completed, there was nothing to do`);
    const { messages } = session.ports.mailboxes;
    if (verb === 'COPY') {
      const result = await withProgress(session, messages.copy(selected.folder, uids, target.facts.id, target.rights));
      session.ports.liveFolders.heard(target.facts.id, result.highestModseq);
      if (target.facts.id === selected.folder) await selected.live.settle();
      return copied(result);
    }
    const result = await withProgress(session, messages.move(selected.folder, uids, target.facts.id, target.rights));
    session.ports.liveFolders.heard(target.facts.id, result.highestModseq);
    return await moved(session, selected, result);
  } catch (error) {
    // RFC 9051 §6.4.7: the client may create it and try again.
    if (error instanceof Failure && error.code === 'folder-unknown') return no(error.message, 'TRYCREATE');
    throw error;
  }
}

function copied(result: TransferResult): Outcome {
  return result.from.length === 0 ? ok('COPY completed, the messages are gone') : ok('COPY completed', copyUid(result));
}

/** RFC 6851 §4.3: COPYUID comes before the expunges, so that the client can pair them. */
async function moved(session: ImapSession, selected: SelectedFolder, result: TransferResult): Promise<Outcome> {
  if (result.from.length === 0) return ok('MOVE completed, the messages are gone');
  await selected.live.refresh();
  session.out.line(formatOutcome('*', ok('moved', copyUid(result))));
  return ok('MOVE completed', session.enabled.condstore ? `HIGHESTMODSEQ ${selected.live.modseq}` : undefined);
}

/** RFC 4315 §3. */
function copyUid({ uidValidity, from, to }: TransferResult): string {
  return `COPYUID ${uidValidity} ${formatNumbers(from)} ${formatNumbers(to)}`;
}
