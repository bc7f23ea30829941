/** THREAD and UID THREAD (RFC 5256 §3): ORDEREDSUBJECT and REFERENCES. */
import { setImmediate as turn } from 'node:timers/promises';
import { bad, ok, type Outcome } from '../../../wire/imap/response.ts';
import { readSearchProgram, type SearchProgram } from '../../../wire/imap/search-keys.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { defineCommand, SELECTED, type Command, type ImapSession } from '../command.ts';
import { runSearch, type SearchFound } from '../search/run-search.ts';
import { refuseCharset } from '../search/search-charset.ts';
import { envelopeSubject } from '../search/sent-day.ts';
import { readThreadLinks, referencesMax } from '../search/thread-facts.ts';
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
  const messages = await readMessages(session, found, { uid, references: algorithm === 'REFERENCES' });
  const threads = formatThreads(ALGORITHMS[algorithm](messages));
  session.out.line(threads === '' ? '* THREAD' : `* THREAD ${threads}`);
  return ok('THREAD completed');
}

const AT_ONCE = 500;

async function readMessages(session: ImapSession, { scope, positions }: SearchFound, want: { readonly uid: boolean; readonly references: boolean }): Promise<ThreadMessage[]> {
  const { mails } = session.ports.mailboxes;
  const messages: ThreadMessage[] = [];
  const most = referencesMax(positions.length);
  for (let from = 0; from < positions.length; from += AT_ONCE) {
    const piece = positions.subarray(from, from + AT_ONCE);
    const mailIds = Array.from(piece, (position) => scope.rows.mailIdAt(scope.rowOf(position)));
    const [facts, headers] = await Promise.all([mails.facts(mailIds), want.references ? readHeaders(session, mailIds) : []]);
    const factsOf = new Map(facts.map((one) => [one.mailId, one]));
    for (const [at, position] of piece.entries()) {
      const row = scope.rowOf(position);
      const known = factsOf.get(mailIds[at] as number);
      if (!known) continue;
      messages.push({
        number: want.uid ? scope.rows.uidAt(row) : scope.sequenceOf(position),
        sentAt: known.sentAt ?? (scope.rows.internalDates[row] as number),
        subject: envelopeSubject(known) ?? '',
        ...(want.references ? readThreadLinks(headers[at] ?? Buffer.alloc(0), most) : { messageId: '', references: [] }),
      });
    }
    session.signal.throwIfAborted();
    session.progress(from, positions.length);
    await turn();
  }
  return messages;
}

/** Longer headers are cut: References stands far above that. */
const HEADER_BYTES_MAX = 128 * 1024;

async function readHeaders(session: ImapSession, mailIds: readonly number[]): Promise<readonly (Buffer | undefined)[]> {
  const { mails } = session.ports.mailboxes;
  if (mails.headers) return mails.headers(mailIds);
  const contents = await mails.contents(mailIds);
  return Promise.all(contents.map((content) => content?.inMemory ?? content?.read(0, Math.min(content.size, HEADER_BYTES_MAX))));
}
