/** LOGOUT (RFC 9051 §6.1.3): nothing is expunged by it. */
import { ok } from '../../../wire/imap/response.ts';
import { ANY_STATE, defineCommand, noArguments } from '../command.ts';

export const logout = defineCommand({
  name: 'LOGOUT',
  states: ANY_STATE,
  parse: noArguments,
  run: (session) => {
    session.select(undefined);
    session.out.line('* BYE see you');
    session.leave();
    return ok('LOGOUT completed');
  },
});
