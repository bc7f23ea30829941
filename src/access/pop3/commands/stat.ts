/** STAT (RFC 1939 §5): how many messages, and their size together. */
import { LOGGED_IN, type Pop3Command } from '../pop3-command.ts';

export const stat: Pop3Command = {
  name: 'STAT',
  states: LOGGED_IN,
  run: (session) => {
    const { count, sizeBytes } = session.maildrop.totals();
    session.ok(`${count} ${sizeBytes}`);
  },
};
