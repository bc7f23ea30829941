/** The number of a message, as several commands take it. */
import { parseNumber } from '../../wire/pop3/command.ts';
import type { DropMessage } from './maildrop.ts';
import type { Pop3Session } from './pop3-command.ts';

/** Undefined when there is no such message; the client has been told. */
export function messageNamed(session: Pop3Session, word: string | undefined): DropMessage | undefined {
  const number = parseNumber(word);
  const message = number === undefined ? undefined : session.maildrop.message(number);
  if (!message) session.fail(number === undefined ? 'a message is named by its number' : 'no such message');
  return message;
}
