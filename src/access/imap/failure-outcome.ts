/**
 * What a Failure means to an IMAP client: the response codes of RFC 5530 and their like, in one table.
 */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import { Failure } from '../../base/errors.ts';
import { bad, no, type Outcome } from '../../wire/imap/response.ts';
import { ImapSyntaxError } from '../../wire/imap/scanner.ts';

const CODES: Readonly<Record<string, string>> = {
  'account-unknown': 'NONEXISTENT',
  'annotation-refused': 'CANNOT',
  'annotation-too-large': `METADATA MAXSIZE ${MAILBOX_LIMITS.annotationBytesMax}`,
  'flag-refused': 'CANNOT',
  'folder-exists': 'ALREADYEXISTS',
  'folder-name-refused': 'CANNOT',
  'folder-needed': 'CANNOT',
  'folder-unknown': 'NONEXISTENT',
  'folder-worn-out': 'LIMIT',
  'mailbox-read-only': 'NOPERM',
  'message-empty': 'CANNOT',
  'message-too-large': 'TOOBIG',
  'no-permission': 'NOPERM',
  'over-quota': 'OVERQUOTA',
  'rights-refused': 'CANNOT',
  'special-use-refused': 'USEATTR',
  'too-many-annotations': 'METADATA TOOMANY',
  'too-many-folders': 'LIMIT',
  'too-many-messages': 'LIMIT',
  'too-many-shares': 'LIMIT',
  'too-many-subscriptions': 'LIMIT',
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
