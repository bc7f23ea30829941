/** THREAD and UID THREAD (RFC 5256 §3): ORDEREDSUBJECT and REFERENCES. */
import { setImmediate as turn } from 'node:timers/promises';
import { bad, ok, type Outcome } from '../../../wire/imap/response.ts';
import { readSearchProgram, type SearchProgram } from '../../../wire/imap/search-keys.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { defineCommand, SELECTED, type Command, type ImapSession } from '../command.ts';
import { runSearch, type SearchFound } from '../search/run-search.ts';
import { refuseCharset } from '../search/search-charset.ts';
import { referencesMax } from '../search/thread-facts.ts';
import { threadByOrderedSubject, type ThreadMessage } from '../search/thread-messages.ts';
import { threadByReferences } from '../search/thread-references.ts';
import { formatThreads } from '../search/thread-tree.ts';
import { selectedFolder } from '../selected-folder.ts';

const ALGORITHMS = { ORDEREDSUBJECT: threadByOrderedSubject, REFERENCES: threadByReferences } as const;
type Algorithm = keyof typeof ALGORITHMS;

interface ThreadArguments {
  readonly algorithm: Algorithm;
  readonly program: SearchProgram;
}

export const thread = threadCommand(false);
export const uidThread = threadCommand(true);

function threadCommand(uid: boolean): Command {
  return defineCommand<ThreadArguments>({
    name: uid ? 'UID THREAD' : 'THREAD',
    states: SELECTED,
    holdsExpunges: !uid,
    parse,
    run: (session, argument) => run(session, argument, uid),
  });
}

function parse(scanner: ImapScanner): ThreadArguments {
  scanner.space();
  const algorithm = scanner.keyword('the name of an algorithm');
  if (!Object.hasOwn(ALGORITHMS, algorithm)) throw new ImapSyntaxError(`THREAD knows ${Object.keys(ALGORITHMS).join(' and ')}`);
  scanner.space();
  const charset = scanner.astring('the name of a charset').toUpperCase();
  scanner.space();
  const program = readSearchProgram(scanner, { charset });
  scanner.end();
  return { algorithm: algorithm as Algorithm, program };
}

async function run(session: ImapSession, { algorithm, program }: ThreadArguments, uid: boolean): Promise<Outcome> {
  if (!uid && session.enabled.uidOnly) return bad('with UIDONLY, use UID THREAD', 'UIDREQUIRED');
  const refused = refuseCharset(program.charset);
  if (refused) return refused;
  const found = await runSearch(session, selectedFolder(session), program.key);
  const messages = await readMessages(session, found, uid);
  const threads = formatThreads(ALGORITHMS[algorithm](messages));
  session.out.line(threads === '' ? '* THREAD' : `* THREAD ${threads}`);
  return ok('THREAD completed');
}

const AT_ONCE = 500;

async function readMessages(session: ImapSession, { scope, positions }: SearchFound, uid: boolean): Promise<ThreadMessage[]> {
  const { mailboxes, threadMails } = session.ports;
  const messages: ThreadMessage[] = [];
  const most = referencesMax(positions.length);
  for (let from = 0; from < positions.length; from += AT_ONCE) {
    const piece = positions.subarray(from, from + AT_ONCE);
    const mailIds = Array.from(piece, (position) => scope.rows.mailIdAt(scope.rowOf(position)));
    const mails = await threadMails.read(mailboxes.mails, mailIds);
    for (const [at, position] of piece.entries()) {
      const mail = mails.get(mailIds[at] as number);
      if (!mail) continue;
      const row = scope.rowOf(position);
      const { subject, messageId, references } = mail;
      messages.push({
        number: uid ? scope.rows.uidAt(row) : scope.sequenceOf(position),
        sentAt: mail.sentAt ?? (scope.rows.internalDates[row] as number),
        subject,
        messageId,
        references: references.length > most ? references.slice(-most) : references,
      });
    }
    session.signal.throwIfAborted();
    session.progress(from, positions.length);
    await turn();
  }
  return messages;
}
