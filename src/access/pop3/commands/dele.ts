/** DELE (RFC 1939 §5): marks a message; QUIT removes it. */
import { LOGGED_IN, type Pop3Command } from '../pop3-command.ts';
import { messageNamed } from '../message-argument.ts';

export const dele: Pop3Command = {
  name: 'DELE',
  states: LOGGED_IN,
  run: (session, argument) => {
    const message = messageNamed(session, argument);
    if (!message) return;
    session.maildrop.delete(message);
    session.ok(`message ${message.number} will be deleted`);
  },
};
