/** GETMETADATA and SETMETADATA (RFC 5464): notes that clients keep about mailboxes, and with the empty name, about the account. */
import { MAILBOX_LIMITS } from '../../../base/access-limits.ts';
import { readEntryName } from '../../../wire/imap/list-arguments.ts';
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { no, ok } from '../../../wire/imap/response.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { noPermission } from '../failure-outcome.ts';
import { defineCommand, LOGGED_IN } from '../command.ts';
import { annotationsOf, setAnnotations, writeEntries, type EntryValue } from '../metadata-entries.ts';

interface GetOptions {
  /** Bytes; larger values are left out, and told of. */
  maxSize: number;
  depth: 0 | 1 | 'infinity';
}

export const getMetadata = defineCommand({
  name: 'GETMETADATA',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const options: GetOptions = { maxSize: Number.POSITIVE_INFINITY, depth: 0 };
    if (scanner.peek() === '(') {
      readOptions(scanner, options);
      scanner.space();
    }
    const name = readMailboxName(scanner);
    scanner.space();
    const entries = scanner.listOrOne(() => readEntryName(scanner));
    scanner.end();
    return { name, options, entries };
  },
  run: async (session, { name, options, entries }) => {
    const folder = name === '' ? undefined : await session.names.require(name, 'r');
    const all = await annotationsOf(session, folder?.facts);
    const chosen = choose(all, entries, options);
    const told = chosen.filter(({ value }) => (value?.length ?? 0) <= options.maxSize);
    writeEntries(session, folder?.name ?? '', told);
    const largest = Math.max(0, ...chosen.map(({ value }) => value?.length ?? 0));
    return ok('GETMETADATA completed', largest > options.maxSize ? `METADATA LONGENTRIES ${largest}` : undefined);
  },
});

function readOptions(scanner: ImapScanner, options: GetOptions): void {
  scanner.list(() => {
    const name = scanner.keyword('MAXSIZE or DEPTH');
    scanner.space();
    if (name === 'MAXSIZE') options.maxSize = scanner.number();
    else if (name === 'DEPTH') options.depth = readDepth(scanner);
    else throw new ImapSyntaxError(`GETMETADATA knows no option ${name.slice(0, 40)}`);
  });
}

function readDepth(scanner: ImapScanner): GetOptions['depth'] {
  const depth = scanner.keyword('0, 1 or infinity');
  if (depth === '0') return 0;
  if (depth === '1') return 1;
  if (depth === 'INFINITY') return 'infinity';
  throw new ImapSyntaxError('DEPTH is 0, 1 or infinity');
}

/** RFC 5464 §4.2.2. An entry asked for by its own name that is not there is NIL. */
function choose(all: readonly EntryValue[], wanted: readonly string[], { depth }: GetOptions): readonly EntryValue[] {
  const chosen = new Map<string, EntryValue>();
  for (const entry of wanted) {
    const exact = all.find((known) => known.entry === entry);
    if (exact) chosen.set(entry, exact);
    else if (depth === 0) chosen.set(entry, { entry, value: undefined });
    if (depth === 0) continue;
    for (const known of all) {
      if (!known.entry.startsWith(`${entry}/`)) continue;
      if (depth === 'infinity' || !known.entry.slice(entry.length + 1).includes('/')) chosen.set(known.entry, known);
    }
  }
  return [...chosen.values()];
}

export const setMetadata = defineCommand({
  name: 'SETMETADATA',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const name = readMailboxName(scanner);
    scanner.space();
    const entries = scanner.list((): EntryValue => {
      const entry = readEntryName(scanner);
      scanner.space();
      return { entry, value: scanner.acceptKeyword('NIL') ? undefined : scanner.stringBytes('a value or NIL') };
    });
    if (entries.length === 0) throw new ImapSyntaxError('SETMETADATA needs at least one entry');
    scanner.end();
    return { name, entries };
  },
  run: async (session, { name, entries }) => {
    if (entries.some(({ value }) => (value?.length ?? 0) > MAILBOX_LIMITS.annotationBytesMax)) {
      return no(`a value has at most ${MAILBOX_LIMITS.annotationBytesMax} bytes`, `METADATA MAXSIZE ${MAILBOX_LIMITS.annotationBytesMax}`);
    }
    const folder = name === '' ? undefined : await session.names.require(name, 'r');
    const shared = entries.some(({ entry }) => entry.startsWith('/shared/'));
    // RFC 5464 §3.3: shared ones are seen by all, so they take the right to change the mailbox; the server's are the administrator's.
    if (shared && !folder) throw noPermission('shared entries of the server are set by the administrator');
    if (shared && folder && !folder.rights.includes('w')) throw noPermission('shared entries of this mailbox take the right "w"');
    await setAnnotations(session, folder?.facts, entries);
    return ok('SETMETADATA completed');
  },
});
