/** SELECT (RFC 9051 §6.3.2) with the parameters CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5). */
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { readKnownSet } from '../../../wire/imap/sequence-set.ts';
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { defineCommand, LOGGED_IN, type ParseContext } from '../command.ts';
import { openMailbox, type OpenOrder, type ResyncOrder } from '../open-mailbox.ts';

export const select = defineCommand<OpenOrder>({
  name: 'SELECT',
  states: LOGGED_IN,
  parse: readOpenOrder,
  run: (session, order) => openMailbox(session, order, 'select'),
});

export const examine = defineCommand<OpenOrder>({
  name: 'EXAMINE',
  states: LOGGED_IN,
  parse: readOpenOrder,
  run: (session, order) => openMailbox(session, order, 'examine'),
});

function readOpenOrder(scanner: ImapScanner, context: ParseContext): OpenOrder {
  scanner.space();
  const mailbox = readMailboxName(scanner);
  let condstore = false;
  let resync: ResyncOrder | undefined;
  if (scanner.accept(' ') && scanner.peek() === '(') {
    scanner.list(() => {
      const name = scanner.keyword('a SELECT parameter');
      if (name === 'CONDSTORE') condstore = true;
      else if (name === 'QRESYNC') resync = readResync(scanner, context);
      else throw new ImapSyntaxError(`SELECT knows CONDSTORE and QRESYNC, not ${name.slice(0, 40)}`);
    });
  }
  scanner.end();
  return { mailbox, condstore: condstore || resync !== undefined, resync };
}

/** `(uidvalidity modseq [known-uids] [(known-sequence-set known-uid-set)])`, RFC 7162 §7. */
function readResync(scanner: ImapScanner, context: ParseContext): ResyncOrder {
  // RFC 7162 §3.2.5: only after ENABLE QRESYNC.
  if (!context.enabled.qresync) throw new ImapSyntaxError('QRESYNC needs ENABLE QRESYNC first');
  scanner.space();
  scanner.expect('(');
  const uidValidity = scanner.nonZero('a UIDVALIDITY');
  scanner.space();
  const modseq = scanner.number64('a MODSEQ');
  let known: ResyncOrder['known'];
  let matches: ResyncOrder['matches'] = [];
  if (scanner.accept(' ')) {
    if (scanner.peek() !== '(') known = readKnownSet(scanner);
    if (known === undefined || scanner.accept(' ')) matches = readMatches(scanner);
  }
  scanner.expect(')');
  return { uidValidity, modseq, known, matches };
}

function readMatches(scanner: ImapScanner): ResyncOrder['matches'] {
  scanner.expect('(');
  const sequences = numbers(readKnownSet(scanner));
  scanner.space();
  const uids = numbers(readKnownSet(scanner));
  scanner.expect(')');
  if (sequences.length !== uids.length) throw new ImapSyntaxError('the two sets of QRESYNC must be of one length');
  return sequences.map((sequence, index) => [sequence, uids[index] as number] as const);
}

/** Clients name a few dozen; a range of billions would be an attack. */
const MATCHES_MAX = 10_000;

function numbers(ranges: readonly (readonly [number, number])[]): number[] {
  const all: number[] = [];
  for (const [from, to] of ranges) {
    if (all.length + (to - from) >= MATCHES_MAX) throw new ImapSyntaxError(`QRESYNC takes ${MATCHES_MAX} pairs at most`);
    for (let number = from; number <= to; number++) all.push(number);
  }
  return all;
}
