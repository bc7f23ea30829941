/** STORE and UID STORE (RFC 9051 §6.4.6) with UNCHANGEDSINCE (RFC 7162 §3.1.3): changes flags. */
import { IMAP_LIMITS } from '../../../base/access-limits.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { readFlagList } from '../../../wire/imap/flags.ts';
import { readSequenceSet, type SequenceSet } from '../../../wire/imap/sequence-set.ts';
import { defineCommand, SELECTED, type Command, type ImapSession } from '../command.ts';
import type { Numbering } from '../selected-state.ts';
import { storeFlags, type StoreChange } from '../store-flags.ts';
import { refuseSequences } from '../uid-only.ts';

interface StoreOrder {
  readonly set: SequenceSet;
  readonly change: StoreChange;
}

export const store = storeCommand('sequence');
export const uidStore = storeCommand('uid');

function storeCommand(numbering: Numbering): Command {
  return defineCommand<StoreOrder>({
    name: numbering === 'uid' ? 'UID STORE' : 'STORE',
    states: SELECTED,
    holdsExpunges: numbering === 'sequence',
    parse: (scanner, context) => {
      if (numbering === 'sequence') refuseSequences(context.enabled);
      return readStore(scanner);
    },
    run: (session: ImapSession, { set, change }) => storeFlags(session, set, numbering, change),
  });
}

function readStore(scanner: ImapScanner): StoreOrder {
  scanner.space();
  const set = readSequenceSet(scanner);
  scanner.space();
  let unchangedSince: number | undefined;
  if (scanner.peek() === '(') {
    scanner.list(() => {
      if (scanner.keyword('UNCHANGEDSINCE') !== 'UNCHANGEDSINCE') throw new ImapSyntaxError('STORE knows the modifier UNCHANGEDSINCE only');
      scanner.space();
      unchangedSince = scanner.number64('a MODSEQ');
    });
    scanner.space();
  }
  const mode = scanner.accept('+') ? 'add' : scanner.accept('-') ? 'remove' : 'replace';
  const item = scanner.keyword('FLAGS or FLAGS.SILENT');
  if (item !== 'FLAGS' && item !== 'FLAGS.SILENT') throw new ImapSyntaxError('STORE changes FLAGS, +FLAGS or -FLAGS, each also with .SILENT');
  scanner.space();
  const flags = unique(readFlagList(scanner, { bare: true }));
  scanner.end();
  // RFC 3501 §2.3.2: \Recent is the server's.
  if (flags.some((flag) => flag.toLowerCase() === '\\recent')) throw new ImapSyntaxError('\\Recent cannot be changed by clients');
  return { set, change: { mode, flags, silent: item === 'FLAGS.SILENT', unchangedSince } };
}

function unique(flags: readonly string[]): readonly string[] {
  const seen = new Map<string, string>();
  for (const flag of flags) if (!seen.has(flag.toLowerCase())) seen.set(flag.toLowerCase(), flag);
  if (seen.size > IMAP_LIMITS.storeFlagsMax) throw new ImapSyntaxError(`STORE takes ${IMAP_LIMITS.storeFlagsMax} flags at most`);
  return [...seen.values()];
}
