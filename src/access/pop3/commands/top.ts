/** TOP (RFC 1939 §7): the header and the first lines of the body. */
import { parseNumber, words } from '../../../wire/pop3/command.ts';
import { LOGGED_IN, type Pop3Command } from '../pop3-command.ts';
import { messageNamed } from '../message-argument.ts';
import { sendMessage } from '../message-output.ts';

export const top: Pop3Command = {
  name: 'TOP',
  states: LOGGED_IN,
  run: async (session, argument) => {
    const [number, count, ...rest] = words(argument);
    const lines = parseNumber(count);
    if (lines === undefined || rest.length > 0) return session.fail('TOP takes a message and a number of lines');
    const message = messageNamed(session, number);
    if (!message) return;
    const content = await session.maildrop.content(message);
    if (!content) return session.fail('this message was removed by another program');
    session.ok('top of message follows');
    await sendMessage(session.connection, content, lines);
  },
};
