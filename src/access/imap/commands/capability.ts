/** CAPABILITY (RFC 9051 §6.1.1). */
import { ok } from '../../../wire/imap/response.ts';
import { ANY_STATE, defineCommand, noArguments } from '../command.ts';

export const capability = defineCommand({
  name: 'CAPABILITY',
  states: ANY_STATE,
  parse: noArguments,
  run: (session) => {
    session.out.line(`* CAPABILITY ${session.capabilities}`);
    return ok('CAPABILITY completed');
  },
});
