/** STARTTLS (RFC 9051 §6.2.1): what the client sent behind it in the clear is dropped by the connection, and what it learned before is void. */
import { bad, ok } from '../../../wire/imap/response.ts';
import { defineCommand, noArguments } from '../command.ts';

export const starttls = defineCommand({
  name: 'STARTTLS',
  states: ['not-authenticated'],
  parse: noArguments,
  run: (session) => {
    if (!session.connection.canStartTls) return bad(session.connection.isSecure ? 'TLS is active already' : 'this server has no certificate');
    session.afterReply(async () => {
      if (!(await session.connection.startTls())) session.leave();
    });
    return ok('begin TLS now');
  },
});
