/** STATUS (RFC 9051 §6.3.11); also of the selected mailbox, where some clients ask for it. */
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { ok } from '../../../wire/imap/response.ts';
import { readStatusItems } from '../../../wire/imap/status-items.ts';
import { defineCommand, LOGGED_IN } from '../command.ts';
import { writeStatus } from '../status-line.ts';

export const status = defineCommand({
  name: 'STATUS',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const name = readMailboxName(scanner);
    scanner.space();
    const items = readStatusItems(scanner);
    scanner.end();
    return { name, items };
  },
  run: async (session, { name, items }) => {
    await writeStatus(session, await session.names.require(name, 'r'), items);
    return ok('STATUS completed');
  },
});
