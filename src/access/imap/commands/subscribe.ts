/** SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8): names, whether there is a mailbox or not. */
import { readOnlyMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { ok } from '../../../wire/imap/response.ts';
import { defineCommand, LOGGED_IN, type Command } from '../command.ts';

export const subscribe = subscription('SUBSCRIBE', true);
export const unsubscribe = subscription('UNSUBSCRIBE', false);

function subscription(name: string, on: boolean): Command {
  return defineCommand({
    name,
    states: LOGGED_IN,
    parse: (scanner) => readOnlyMailboxName(scanner).replace(/\/$/, ''),
    run: async (session, mailbox) => {
      await session.ports.mailboxes.folders.subscribe(session.account, session.names.place(mailbox).name, on);
      return ok(`${name} completed`);
    },
  });
}
