/** RETR (RFC 1939 §5): a message. Sent whole, it becomes \Seen. */
import { LOGGED_IN, type Pop3Command } from '../pop3-command.ts';
import { messageNamed } from '../message-argument.ts';
import { sendMessage } from '../message-output.ts';

export const retr: Pop3Command = {
  name: 'RETR',
  states: LOGGED_IN,
  run: async (session, argument) => {
    const message = messageNamed(session, argument);
    if (!message) return;
    const content = await session.maildrop.content(message);
    if (!content) return session.fail('this message was removed by another program');
    session.ok(`${message.sizeBytes} octets`);
    if (await sendMessage(session.connection, content)) session.maildrop.wasRead(message);
  },
};
