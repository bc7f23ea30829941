/** CREATE (RFC 9051 §6.3.4) with CREATE-SPECIAL-USE (RFC 6154 §3), and the folders above the new one that are missing. */
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { no, ok } from '../../../wire/imap/response.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { defineCommand, LOGGED_IN } from '../command.ts';
import { writeListLine } from '../list/list-line.ts';
import { specialUseOf } from '../special-use.ts';

export const create = defineCommand({
  name: 'CREATE',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const name = readMailboxName(scanner);
    const uses = scanner.acceptText(' (') ? readUses(scanner) : [];
    scanner.end();
    return { name, uses };
  },
  run: async (session, { name, uses }) => {
    const specialUse = uses.map((use) => specialUseOf(use));
    if (specialUse.includes(undefined)) return no(`no mailbox can be used as ${uses.join(' ').slice(0, 100)}`, 'USEATTR');
    // A separator at the end only says that names below it will follow.
    const wanted = name.replace(/\/$/, '');
    const made = await session.names.create(wanted, { specialUse: specialUse.filter((use) => use !== undefined) });
    if (made.name !== wanted && session.enabled.rev2) writeListLine(session.out, { name: made.name, attributes: [], oldName: wanted });
    return ok('CREATE completed', `MAILBOXID (${made.facts.objectId})`);
  },
});

/** `USE (\Sent)`, behind the parenthesis that opens the options. */
function readUses(scanner: ImapScanner): readonly string[] {
  if (scanner.keyword('USE') !== 'USE') throw new ImapSyntaxError('CREATE knows no option but USE');
  scanner.space();
  const uses = scanner.list(() => {
    scanner.expect('\\');
    return `\\${scanner.atom('a special use')}`;
  });
  scanner.expect(')');
  return uses;
}
