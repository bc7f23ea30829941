/**
 * The arguments of LIST: RFC 9051 §6.3.9 with LIST-EXTENDED (RFC 5258), LIST-STATUS (RFC 5819), SPECIAL-USE (RFC 6154), LIST-MYRIGHTS (RFC 8440)
 * and LIST-METADATA (RFC 9590).
 */
import { IMAP_LIMITS, MAILBOX_LIMITS } from '../../base/access-limits.ts';
import { readMailboxName, readMailboxPattern } from './mailbox-name.ts';
import { ImapSyntaxError, type ImapScanner } from './scanner.ts';
import { wildLength } from './mailbox-pattern.ts';
import { readStatusItems, type StatusItem } from './status-items.ts';

export interface ListSelection {
  readonly subscribed: boolean;
  readonly specialUse: boolean;
  readonly recursiveMatch: boolean;
}

export interface ListReturn {
  readonly subscribed: boolean;
  readonly myRights: boolean;
  readonly status: readonly StatusItem[];
  /** Names of entries, in lower case. */
  readonly metadata: readonly string[];
}

export interface ListArguments {
  /** Any of the forms that RFC 5258 adds was used. */
  readonly extended: boolean;
  readonly select: ListSelection;
  /** Reference and pattern put together. */
  readonly patterns: readonly string[];
  /** The plain form with an empty pattern: asks for the separator. */
  readonly asksSeparator: boolean;
  readonly returns: ListReturn;
}

/** From the space behind LIST to the end. */
export function readListArguments(scanner: ImapScanner): ListArguments {
  scanner.space();
  const selected = scanner.peek() === '(' ? readSelection(scanner) : undefined;
  const reference = readMailboxName(scanner);
  scanner.space();
  const several = scanner.peek() === '(';
  const patterns = several ? scanner.list(() => readMailboxPattern(scanner)) : [readMailboxPattern(scanner)];
  const returned = scanner.acceptText(' ') && !scanner.atEnd ? readReturn(scanner) : undefined;
  scanner.end();
  return {
    extended: selected !== undefined || several || returned !== undefined,
    select: selected ?? { subscribed: false, specialUse: false, recursiveMatch: false },
    patterns: boundPatterns(patterns.map((pattern) => `${reference}${pattern}`)),
    asksSeparator: !several && patterns[0] === '',
    returns: returned ?? { subscribed: false, myRights: false, status: [], metadata: [] },
  };
}

/** Throws ImapSyntaxError when matching them against all names could take long. */
export function boundPatterns(patterns: readonly string[]): readonly string[] {
  if (patterns.length > IMAP_LIMITS.patternsMax) throw new ImapSyntaxError(`at most ${IMAP_LIMITS.patternsMax} patterns can be given`);
  const wildChars = patterns.reduce((sum, pattern) => sum + wildLength(pattern), 0);
  if (wildChars > IMAP_LIMITS.wildPatternsCharsMax) throw new ImapSyntaxError(`patterns may have ${IMAP_LIMITS.wildPatternsCharsMax} characters between their first and last * or %, all together`);
  return patterns;
}

function readSelection(scanner: ImapScanner): ListSelection {
  const options = new Set(scanner.list(() => scanner.keyword('a selection option')));
  scanner.space();
  for (const option of options) {
    // Nothing here is remote (RFC 5258 §3.1), so that REMOTE changes nothing.
    if (!['SUBSCRIBED', 'REMOTE', 'RECURSIVEMATCH', 'SPECIAL-USE'].includes(option)) throw new ImapSyntaxError(`LIST knows no selection option ${option.slice(0, 40)}`);
  }
  const selection = { subscribed: options.has('SUBSCRIBED'), specialUse: options.has('SPECIAL-USE'), recursiveMatch: options.has('RECURSIVEMATCH') };
  // RFC 5258 §3.1: it only makes sense beside an option that selects.
  if (selection.recursiveMatch && !selection.subscribed && !selection.specialUse) throw new ImapSyntaxError('RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it');
  return selection;
}

function readReturn(scanner: ImapScanner): ListReturn {
  if (scanner.keyword('RETURN') !== 'RETURN') throw new ImapSyntaxError('behind the pattern of LIST comes RETURN or nothing');
  scanner.space();
  let subscribed = false;
  let myRights = false;
  let status: readonly StatusItem[] = [];
  let metadata: readonly string[] = [];
  scanner.list(() => {
    const option = scanner.keyword('a return option');
    switch (option) {
      // Children and special uses are always told.
      case 'CHILDREN':
      case 'SPECIAL-USE':
        return;
      case 'SUBSCRIBED':
        subscribed = true;
        return;
      case 'MYRIGHTS':
        myRights = true;
        return;
      case 'STATUS':
        scanner.space();
        status = readStatusItems(scanner);
        return;
      case 'METADATA':
        scanner.space();
        metadata = scanner.list(() => readEntryName(scanner));
        if (metadata.length > IMAP_LIMITS.listedEntriesMax) throw new ImapSyntaxError(`LIST returns ${IMAP_LIMITS.listedEntriesMax} entries of a mailbox`);
        return;
      default:
        throw new ImapSyntaxError(`LIST knows no return option ${option.slice(0, 40)}`);
    }
  });
  return { subscribed, myRights, status, metadata };
}

/** RFC 5464 §3.2: `/private/…` or `/shared/…`, in lower case. */
export function readEntryName(scanner: ImapScanner): string {
  const entry = scanner.astring('the name of an entry').toLowerCase();
  // oxlint-disable-next-line no-control-regex -- RFC 5464 §3.2: printable ASCII
  if (!/^\/(?:private|shared)(?:\/[^/*%\x00-\x1f\x7f-\uffff]+)*$/.test(entry) || entry.length > MAILBOX_LIMITS.annotationNameBytesMax) {
    throw new ImapSyntaxError('names of entries begin with /private/ or /shared/ and hold no * or %');
  }
  return entry;
}
