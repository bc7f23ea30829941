/** REPLACE and UID REPLACE (RFC 8508): a message takes the place of another, in one step, as drafts do. */
import { no, formatOutcome, ok, type Outcome } from '../../../wire/imap/response.ts';
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import type { SequenceSet } from '../../../wire/imap/sequence-set.ts';
import { defineCommand, SELECTED, type Command, type ImapSession } from '../command.ts';
import { requireRights, withProgress } from '../selected-changes.ts';
import { selectedFolder } from '../selected-folder.ts';
import type { Numbering } from '../selected-state.ts';
import { refuseSequences } from '../uid-only.ts';
import { appendTarget, newMessage, readAppendedMessage, type AppendedMessage } from './append.ts';

interface ReplaceOrder {
  readonly set: SequenceSet;
  readonly mailbox: string;
  readonly message: AppendedMessage;
}

export const replace = replaceCommand('sequence');
export const uidReplace = replaceCommand('uid');

function replaceCommand(numbering: Numbering): Command {
  return defineCommand<ReplaceOrder>({
    name: numbering === 'uid' ? 'UID REPLACE' : 'REPLACE',
    states: SELECTED,
    takesMessages: true,
    parse: (scanner, context) => {
      if (numbering === 'sequence') refuseSequences(context.enabled);
      scanner.space();
      const number = scanner.nonZero('the number of a message');
      scanner.space();
      const mailbox = readMailboxName(scanner);
      const message = readAppendedMessage(scanner);
      scanner.end();
      return { set: { kind: 'ranges', ranges: [[number, number]] }, mailbox, message };
    },
    run: (session, order) => run(session, numbering, order),
  });
}

async function run(session: ImapSession, numbering: Numbering, { set, mailbox, message }: ReplaceOrder): Promise<Outcome> {
  const selected = selectedFolder(session);
  // RFC 8508 §6: what APPEND, STORE \Deleted and UID EXPUNGE would take.
  requireRights(selected, 't', 'e');
  const { view, live } = selected;
  const uid = selected.targets(set, numbering).uids[0]?.[0];
  if (uid === undefined || view.sequenceOf(uid) === 0) return no('there is no such message');
  if (view.rowOf(view.sequenceOf(uid)) < 0) return no('the message is gone', 'EXPUNGEISSUED');
  const target = await appendTarget(session, mailbox);
  if (target === undefined) return no('there is no such mailbox: CREATE it first', 'TRYCREATE');
  const made = await newMessage(session, message, { rights: target.rights, now: session.ports.clock.now() });
  if ('status' in made) return made;
  const done = await withProgress(session, session.ports.mailboxes.messages.replace(selected.folder, uid, target.facts.id, made));
  session.ports.liveFolders.heard(target.facts.id, done.highestModseq);
  await live.refresh();
  // RFC 8508 §3.3: told before the expunge of the old one.
  session.out.line(formatOutcome('*', ok('the replacement is stored', `APPENDUID ${done.uidValidity} ${done.uid}`)));
  return ok('REPLACE completed', session.enabled.condstore ? `HIGHESTMODSEQ ${live.modseq}` : undefined);
}
