/** LOGIN (RFC 9051 §6.2.3): user and password as they are; never taken before TLS, except in trusted networks. */
import { defineCommand } from '../command.ts';
import { answerSignIn } from '../sign-in-outcome.ts';

export const login = defineCommand({
  name: 'LOGIN',
  states: ['not-authenticated'],
  parse: (scanner) => {
    scanner.space();
    const user = scanner.astring('a user name');
    scanner.space();
    const password = scanner.astring('a password');
    scanner.end();
    return { user, password };
  },
  run: async (session, { user, password }) => answerSignIn(session, await session.signIn.password(user, password, 'LOGIN')),
});
