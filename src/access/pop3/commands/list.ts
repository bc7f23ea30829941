/** LIST (RFC 1939 §5): sizes of messages. */
import { LOGGED_IN, type Pop3Command, type Pop3Session } from '../pop3-command.ts';
import { messageNamed } from '../message-argument.ts';

export const list: Pop3Command = {
  name: 'LIST',
  states: LOGGED_IN,
  run: async (session, argument) => {
    if (argument !== '') {
      const message = messageNamed(session, argument);
      if (message) session.ok(`${message.number} ${message.sizeBytes}`);
      return;
    }
    const { count, sizeBytes } = session.maildrop.totals();
    session.ok(`${count} messages (${sizeBytes} octets)`);
    await session.list(rows(session));
  },
};

function* rows({ maildrop }: Pop3Session): Generator<string> {
  for (const { number, sizeBytes } of maildrop.messages()) yield `${number} ${sizeBytes}`;
}
