/** UIDL (RFC 1939 §7): names of messages that stay over sessions. */
import { LOGGED_IN, type Pop3Command, type Pop3Session } from '../pop3-command.ts';
import { messageNamed } from '../message-argument.ts';

export const uidl: Pop3Command = {
  name: 'UIDL',
  states: LOGGED_IN,
  run: async (session, argument) => {
    if (argument !== '') {
      const message = messageNamed(session, argument);
      if (message) session.ok(`${message.number} ${session.maildrop.uniqueId(message)}`);
      return;
    }
    session.ok('unique ids follow');
    await session.list(rows(session));
  },
};

function* rows({ maildrop }: Pop3Session): Generator<string> {
  for (const message of maildrop.messages()) yield `${message.number} ${maildrop.uniqueId(message)}`;
}
