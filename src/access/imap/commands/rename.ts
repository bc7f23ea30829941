/**
 * RENAME (RFC 9051 §6.3.6): with the names below it. INBOX gives its messages to the new mailbox and stays. Between folders of different
 * owners nothing can be renamed.
 */
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { no, ok, type Outcome } from '../../../wire/imap/response.ts';
import { SEPARATOR } from '../../mailbox/namespace.ts';
import { defineCommand, LOGGED_IN, type ImapSession } from '../command.ts';
import { writeListLine } from '../list/list-line.ts';

export const rename = defineCommand({
  name: 'RENAME',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const from = readMailboxName(scanner);
    scanner.space();
    const to = readMailboxName(scanner);
    scanner.end();
    return { from: withoutEnd(from), to: withoutEnd(to) };
  },
  run: async (session, { from: written, to }) => {
    const { names } = session;
    const { name: from, owner } = names.place(written);
    const target = names.place(to);
    if (target.owner !== owner) return no('a mailbox stays with its owner: copy the messages instead', 'CANNOT');
    if (`${target.name}/`.startsWith(`${from}/`) && from !== 'INBOX') return no('a mailbox cannot be put below itself', 'CANNOT');
    if (!(await names.find(from))) return renameBelow(session, from, target.name);
    const { facts, name } = await names.require(from, 'x');
    if (await names.find(to)) return no('there is a mailbox of that name already', 'ALREADYEXISTS');
    await names.prepare(to);
    const renamed = await session.ports.mailboxes.folders.rename(facts.id, target.ownName);
    if (session.enabled.rev2 && name !== 'INBOX') writeListLine(session.out, { name: names.nameOf(renamed), attributes: [], oldName: name });
    return ok('RENAME completed');
  },
});

/** A name that is none but has mailboxes below it: they move, one by one. */
async function renameBelow(session: ImapSession, from: string, to: string): Promise<Outcome> {
  const { names } = session;
  const below = (await names.list()).filter((folder) => folder.name.startsWith(`${from}${SEPARATOR}`)).map((folder) => folder.name);
  if (below.length === 0) await names.require(from);
  // Those below a name that moves go with it.
  const tops = below.filter((name) => !below.some((other) => name.startsWith(`${other}${SEPARATOR}`)));
  for (const name of tops) {
    const { facts } = await names.require(name, 'x');
    const place = await names.prepare(`${to}${name.slice(from.length)}`);
    await session.ports.mailboxes.folders.rename(facts.id, place.ownName);
  }
  return ok('RENAME completed');
}

function withoutEnd(name: string): string {
  return name.replace(/\/$/, '');
}
