/** PASS (RFC 1939 §7): the password, spaces included, to the name of USER. */
import { BEFORE_LOGIN, type Pop3Command } from '../pop3-command.ts';
import { answerSignIn } from '../sign-in-answer.ts';

export const pass: Pop3Command = {
  name: 'PASS',
  states: BEFORE_LOGIN,
  run: async (session, argument) => {
    const { user } = session;
    if (user === '') return session.fail('USER comes first');
    session.user = '';
    await answerSignIn(session, await session.signIn.password(user, argument, 'USER'));
  },
};
