/** DELETE (RFC 9051 §6.3.5): the mailbox with its messages; names below it stay. */
import { readOnlyMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { no, ok } from '../../../wire/imap/response.ts';
import { SEPARATOR } from '../../mailbox/namespace.ts';
import { defineCommand, LOGGED_IN } from '../command.ts';

export const deleteMailbox = defineCommand({
  name: 'DELETE',
  states: LOGGED_IN,
  parse: readOnlyMailboxName,
  run: async (session, written) => {
    const { names } = session;
    const { name } = names.place(written.replace(/\/$/, ''));
    const below = `${name}${SEPARATOR}`;
    if (!(await names.find(name)) && (await names.list()).some((folder) => folder.name.startsWith(below))) {
      return no('there are mailboxes below this name, and none of this name', 'HASCHILDREN');
    }
    const { facts } = await names.require(name, 'x');
    await session.ports.mailboxes.folders.remove(facts.id);
    if (session.selected?.folder === facts.id) {
      session.select(undefined);
      session.out.line('* OK [CLOSED] the selected mailbox is deleted');
    }
    return ok('DELETE completed');
  },
});
