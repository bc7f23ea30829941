/**
 * Mailbox names in commands and answers: UTF-8 once the client has enabled it, else modified UTF-7 (RFC 9051 §5.1, RFC 3501 §5.1.3).
 * INBOX is told apart without case; how names are normalised further is the namespace's.
 */
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';
import { ImapSyntaxError, type ImapScanner } from './scanner.ts';

/** The name as UTF-8 text. */
export function readMailboxName(scanner: ImapScanner): string {
  return mailboxNameFrom(scanner.astring('a mailbox name'), scanner.utf8);
}

/** The one argument of commands about a mailbox, to the end of the line. */
export function readOnlyMailboxName(scanner: ImapScanner): string {
  scanner.space();
  const name = readMailboxName(scanner);
  scanner.end();
  return name;
}

/** With the wildcards `*` and `%`. */
export function readMailboxPattern(scanner: ImapScanner): string {
  return mailboxNameFrom(scanner.listPattern(), scanner.utf8);
}

function mailboxNameFrom(written: string, utf8: boolean): string {
  const name = utf8 ? written : nameInUtf7(written);
  // oxlint-disable-next-line no-control-regex -- RFC 9051 §5.1: no controls in names
  if (/[\x00-\x1f\x7f]/.test(name)) throw new ImapSyntaxError('a mailbox name holds no control characters');
  return /^inbox$/i.test(name) ? 'INBOX' : name;
}

/** Lenient: a client that sends UTF-8 where UTF-7 belongs means UTF-8, and a stray `&` is itself. */
function nameInUtf7(written: string): string {
  if (/[^\x20-\x7e]/.test(written)) return written;
  return decodeModifiedUtf7(written) ?? written;
}

/** As the client must see it. */
export function mailboxNameFor(name: string, utf8: boolean): string {
  return utf8 ? name : encodeModifiedUtf7(name);
}
