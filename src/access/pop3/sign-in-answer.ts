/** What a log-in is answered, by USER and PASS as by AUTH: the same for every reason that would help somebody who guesses. */
import type { SignInOutcome } from '../sign-in.ts';
import type { Pop3Session } from './pop3-command.ts';

export async function answerSignIn(session: Pop3Session, outcome: SignInOutcome): Promise<void> {
  switch (outcome.kind) {
    case 'ok':
      return session.open(outcome.account);
    // RFC 3206 §4: AUTH says that the credentials are at fault, SYS/TEMP that they may be right.
    case 'denied':
      session.fail('user name or password is wrong', 'AUTH');
      if (outcome.end) session.leave();
      return;
    case 'throttled':
      session.fail('too many failed log-ins; wait a minute', 'SYS/TEMP');
      if (outcome.end) session.leave();
      return;
    case 'unavailable':
      return session.fail('log-in is not possible now; try again later', 'SYS/TEMP');
    case 'too-many-sessions':
      return session.fail('you have too many sessions; close one', 'IN-USE');
    case 'plaintext-refused':
      return session.fail('log in over TLS: use STLS first, or the port for TLS');
    case 'unknown-mechanism':
      return session.fail('this mechanism is not offered');
    case 'malformed':
      return session.fail('this cannot be read');
    case 'cancelled':
      return session.fail('cancelled');
    case 'closed':
      return session.leave();
  }
}
