/** What a log-in that failed is answered (RFC 9051 §6.2, RFC 5530 §3): the same for every reason that would help somebody who guesses. */
import type { LoginDenial } from '../../contract/directory.ts';
import { no, type Outcome } from '../../wire/imap/response.ts';
import type { ImapSession } from './command.ts';

export function privacyRequired(): Outcome {
  return no('log in over TLS: use STARTTLS first, or the port for TLS', 'PRIVACYREQUIRED');
}

export function denied(_session: ImapSession, reason: LoginDenial | 'too-many-sessions'): Outcome {
  switch (reason) {
    case 'too-many-sessions':
      return no('you have too many sessions; close one', 'LIMIT');
    case 'throttled':
      return no('too many failed log-ins; wait a minute', 'UNAVAILABLE');
    default:
      return no('user name or password is wrong', 'AUTHENTICATIONFAILED');
  }
}
