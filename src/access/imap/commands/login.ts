/** LOGIN (RFC 9051 §6.2.3): user and password as they are; never told before TLS, except in trusted networks. */
import { ok } from '../../../wire/imap/response.ts';
import { defineCommand } from '../command.ts';
import { denied, privacyRequired } from '../sign-in-outcome.ts';

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
  run: async (session, { user, password }) => {
    if (!session.connection.plaintextAllowed) return privacyRequired();
    const result = await session.ports.login.password(user, password, { service: 'imap', clientAddress: session.connection.client.address, mechanism: 'LOGIN' });
    if (result.kind === 'denied') return denied(session, result.reason);
    if (!session.enter(result.account)) return denied(session, 'too-many-sessions');
    return ok('you are logged in', `CAPABILITY ${session.capabilities}`);
  },
});
