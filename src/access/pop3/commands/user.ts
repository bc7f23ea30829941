/** USER (RFC 1939 §7). Every name is taken: whether there is such an account is nobody's business. */
import { BEFORE_LOGIN, type Pop3Command } from '../pop3-command.ts';
import { answerSignIn } from '../sign-in-answer.ts';

export const user: Pop3Command = {
  name: 'USER',
  states: BEFORE_LOGIN,
  run: async (session, argument) => {
    // Before the password is sent in the clear, not behind it.
    if (!session.connection.plaintextAllowed) return answerSignIn(session, { kind: 'plaintext-refused' });
    if (argument === '') return session.fail('USER takes a name');
    session.user = argument;
    session.ok('now the password');
  },
};
