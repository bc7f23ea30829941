/** AUTHENTICATE (RFC 9051 §6.2.2), with an initial response (SASL-IR, RFC 4959). */
import { ImapSyntaxError } from '../../../wire/imap/scanner.ts';
import { challengeByLine, initialResponse } from '../../sign-in.ts';
import { defineCommand } from '../command.ts';
import { answerSignIn } from '../sign-in-outcome.ts';

export const authenticate = defineCommand({
  name: 'AUTHENTICATE',
  states: ['not-authenticated'],
  isDialogue: true,
  parse: (scanner) => {
    scanner.space();
    const mechanism = scanner.keyword('a mechanism');
    const initial = initialResponse(scanner.accept(' ') && !scanner.atEnd ? scanner.run((code) => code > 0x20 && code < 0x7f) : undefined);
    if (initial === 'malformed') throw new ImapSyntaxError('the initial response is no base64');
    scanner.end();
    return { mechanism, initial };
  },
  run: async (session, { mechanism, initial }) => {
    await session.flush();
    return answerSignIn(session, await session.signIn.exchange(mechanism, initial, challengeByLine(session.connection)));
  },
});
