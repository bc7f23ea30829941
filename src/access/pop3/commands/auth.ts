/** AUTH (RFC 5034): SASL. Without a mechanism it lists them, as clients older than CAPA expect. */
import { words } from '../../../wire/pop3/command.ts';
import { challengeByLine, initialResponse } from '../../sign-in.ts';
import { BEFORE_LOGIN, type Pop3Command } from '../pop3-command.ts';
import { answerSignIn } from '../sign-in-answer.ts';

export const auth: Pop3Command = {
  name: 'AUTH',
  states: BEFORE_LOGIN,
  run: async (session, argument) => {
    const [mechanism, response, ...rest] = words(argument);
    if (mechanism === undefined) {
      session.ok('mechanisms');
      await session.list(session.signIn.mechanisms);
      return;
    }
    const initial = initialResponse(response);
    if (initial === 'malformed' || rest.length > 0) return session.fail('AUTH takes a mechanism and an initial response in base64');
    await answerSignIn(session, await session.signIn.exchange(mechanism, initial, challengeByLine(session.connection)));
  },
};
