/**
 * What a Failure means to an IMAP client: the response codes of RFC 5530 and their like, in one table.
 */
import { Failure } from '../../base/errors.ts';
import { bad, no, type Outcome } from '../../wire/imap/response.ts';
import { ImapSyntaxError } from '../../wire/imap/scanner.ts';

const CODES: Readonly<Record<string, string>> = {
  'folder-unknown': 'NONEXISTENT',
  'folder-exists': 'ALREADYEXISTS',
  'folder-name-refused': 'CANNOT',
  'folder-needed': 'CANNOT',
  'too-many-folders': 'LIMIT',
  'flag-refused': 'CANNOT',
  'message-empty': 'CANNOT',
  'message-too-large': 'TOOBIG',
  'over-quota': 'OVERQUOTA',
  'too-many-annotations': 'METADATA TOOMANY',
  'no-permission': 'NOPERM',
  'special-use-refused': 'USEATTR',
  'account-unknown': 'NONEXISTENT',
  'mailbox-read-only': 'READ-ONLY',
};

/** `undefined` for an error that is none of ours: a bug, for the log. */
export function outcomeOfError(error: unknown): Outcome | undefined {
  if (error instanceof ImapSyntaxError) return bad(error.message, error.responseCode);
  if (!(error instanceof Failure)) return undefined;
  if (error.temporary) return no(error.message, 'UNAVAILABLE');
  return no(error.message, Object.hasOwn(CODES, error.code) ? CODES[error.code] : undefined);
}

/** A right of RFC 4314 that the user lacks. */
export function noPermission(what: string): Failure {
  return new Failure('no-permission', what, { temporary: false });
}
