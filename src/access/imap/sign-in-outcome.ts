/** What a log-in is answered (RFC 9051 §6.2, RFC 5530 §3): the same for every failure that would help somebody who guesses. */
import { bad, no, ok, type Outcome } from '../../wire/imap/response.ts';
import type { SignInOutcome } from '../sign-in.ts';
import type { ImapSession } from './command.ts';

/** Enters the account when it was let in. */
export function answerSignIn(session: ImapSession, outcome: SignInOutcome): Outcome {
  switch (outcome.kind) {
    case 'ok':
      session.enter(outcome.account);
      return ok('you are logged in', `CAPABILITY ${session.capabilities}`);
    case 'denied':
    case 'throttled':
      if (outcome.end) {
        session.out.line('* BYE too many failed log-ins');
        session.leave();
      }
      if (outcome.kind === 'throttled') return no('too many failed log-ins lately: wait a minute', 'UNAVAILABLE');
      return no('user name or password is wrong', 'AUTHENTICATIONFAILED');
    case 'unavailable':
      return no('log-in is not possible now: try again later', 'UNAVAILABLE');
    case 'too-many-sessions':
      return no('the account has too many sessions: close one', 'LIMIT');
    case 'plaintext-refused':
      return no('log in over TLS: use STARTTLS first, or the port for TLS', 'PRIVACYREQUIRED');
    case 'unknown-mechanism':
      return no('this mechanism is not offered: see AUTH= in CAPABILITY', 'CANNOT');
    case 'malformed':
      return bad('the response cannot be read');
    case 'cancelled':
      return bad('the log-in was cancelled');
    case 'closed':
      session.leave();
      return bad('the connection is closed');
  }
}
