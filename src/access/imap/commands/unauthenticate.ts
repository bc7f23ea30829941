/** UNAUTHENTICATE (RFC 8437): the connection may log in as somebody else. */
import { ok } from '../../../wire/imap/response.ts';
import { defineCommand, LOGGED_IN, noArguments } from '../command.ts';

export const unauthenticate = defineCommand({
  name: 'UNAUTHENTICATE',
  states: LOGGED_IN,
  parse: noArguments,
  run: (session) => {
    session.forgetLogin();
    return ok('you are nobody again');
  },
});
