/** NAMESPACE (RFC 9051 §6.3.10): one's own folders at the top, those that others share below `Shared/`. */
import { ok } from '../../../wire/imap/response.ts';
import { SHARED_PREFIX } from '../../mailbox/namespace.ts';
import { defineCommand, LOGGED_IN, noArguments } from '../command.ts';

export const namespace = defineCommand({
  name: 'NAMESPACE',
  states: LOGGED_IN,
  parse: noArguments,
  run: (session) => {
    session.out.line(`* NAMESPACE (("" "/")) (("${SHARED_PREFIX}" "/")) NIL`);
    return ok('NAMESPACE completed');
  },
});
