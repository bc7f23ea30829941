/** AUTHENTICATE (RFC 5804 §2.1): SASL, with challenges and responses as strings of base64. */
import { decodeBase64 } from '../../../wire/sasl/scram.ts';
import { formatString } from '../../../wire/managesieve/command.ts';
import type { Challenge, SignInOutcome } from '../../sign-in.ts';
import { textOf, type ManageSieveCommand, type ManageSieveSession } from '../managesieve-command.ts';

export const authenticate: ManageSieveCommand = {
  name: 'AUTHENTICATE',
  when: 'before log-in',
  signature: 'ss?',
  run: async (session, values) => {
    const mechanism = textOf(values, 0) ?? '';
    const given = textOf(values, 1);
    const initial = given === undefined ? undefined : (decodeBase64(given === '=' ? '' : given) ?? 'malformed');
    if (initial === 'malformed') return session.no('the initial response is not base64');
    answer(session, await session.signIn.exchange(mechanism, initial, challengeOf(session)));
  },
};

function challengeOf(session: ManageSieveSession): Challenge {
  return async (data) => {
    session.write(`${formatString(data.toString('base64'))}\r\n`);
    const response = await session.readString();
    if (typeof response === 'string') return response;
    const text = response.toString('latin1');
    return text === '*' ? 'cancelled' : (decodeBase64(text) ?? 'malformed');
  };
}

function answer(session: ManageSieveSession, outcome: SignInOutcome): void {
  switch (outcome.kind) {
    case 'ok':
      return session.ok('you are logged in');
    case 'denied':
      session.no('user name or password is wrong');
      if (outcome.end) session.leave();
      return;
    case 'throttled':
      session.no('too many failed log-ins; wait a minute', 'TRYLATER');
      if (outcome.end) session.leave();
      return;
    case 'unavailable':
      return session.no('log-in is not possible now; try again later', 'TRYLATER');
    case 'too-many-sessions':
      return session.no('you have too many sessions; close one', 'TRYLATER');
    case 'plaintext-refused':
      return session.no('log in over TLS: use STARTTLS first', 'ENCRYPT-NEEDED');
    case 'unknown-mechanism':
      return session.no('this mechanism is not offered');
    case 'malformed':
      return session.no('this cannot be read');
    case 'cancelled':
      return session.no('cancelled');
    case 'closed':
      return session.leave();
  }
}
