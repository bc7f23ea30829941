/** STLS (RFC 2595 §4): TLS on this connection. What was said before it, by whomever, is forgotten. */
import { BEFORE_LOGIN, type Pop3Command } from '../pop3-command.ts';

export const stls: Pop3Command = {
  name: 'STLS',
  states: BEFORE_LOGIN,
  run: async (session, argument) => {
    if (argument !== '') return session.fail('STLS takes no argument');
    if (session.connection.isSecure) return session.fail('TLS is active already');
    if (!session.connection.canStartTls) return session.fail('there is no TLS here');
    session.ok('begin TLS');
    session.user = '';
    if (!(await session.connection.startTls())) session.leave();
  },
};
