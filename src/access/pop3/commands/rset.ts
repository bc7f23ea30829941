/** RSET (RFC 1939 §5): no message is marked as deleted any more. */
import { LOGGED_IN, type Pop3Command } from '../pop3-command.ts';

export const rset: Pop3Command = {
  name: 'RSET',
  states: LOGGED_IN,
  run: (session) => {
    session.maildrop.undeleteAll();
    const { count, sizeBytes } = session.maildrop.totals();
    session.ok(`${count} messages (${sizeBytes} octets)`);
  },
};
