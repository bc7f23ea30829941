/** Who may do what with a mailbox (RFC 4314): GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS. The owner has all rights and keeps them. */
import { Failure } from '../../../base/errors.ts';
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { ok } from '../../../wire/imap/response.ts';
import type { ImapScanner } from '../../../wire/imap/scanner.ts';
import { ALL_RIGHTS, type NamedFolder } from '../../mailbox/namespace.ts';
import { defineCommand, LOGGED_IN } from '../command.ts';
import { changeRights, parseRights, rightsForClients } from '../rights.ts';

function readMailboxOnly(scanner: ImapScanner): string {
  scanner.space();
  const name = readMailboxName(scanner);
  scanner.end();
  return name;
}

function readMailboxAndIdentifier(scanner: ImapScanner): { readonly name: string; readonly identifier: string } {
  scanner.space();
  const name = readMailboxName(scanner);
  scanner.space();
  const identifier = readIdentifier(scanner);
  scanner.end();
  return { name, identifier };
}

/** Accounts are told apart without case. */
function readIdentifier(scanner: ImapScanner): string {
  return scanner.astring('an identifier').toLowerCase();
}

export const getAcl = defineCommand({
  name: 'GETACL',
  states: LOGGED_IN,
  parse: readMailboxOnly,
  run: async (session, written) => {
    const { name, facts } = await session.names.require(written, 'a');
    const entries = await session.ports.mailboxes.sharing.list(facts.id);
    session.out.text('* ACL ').mailbox(name);
    for (const { identifier, rights } of [{ identifier: facts.account, rights: ALL_RIGHTS }, ...entries]) {
      session.out.text(' ').astring(identifier).text(` ${rightsForClients(rights)}`);
    }
    session.out.text('\r\n');
    return ok('GETACL completed');
  },
});

export const setAcl = defineCommand({
  name: 'SETACL',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const name = readMailboxName(scanner);
    scanner.space();
    const identifier = readIdentifier(scanner);
    scanner.space();
    const written = scanner.astring('rights');
    scanner.end();
    const mode: '+' | '-' | '=' = written[0] === '+' ? '+' : written[0] === '-' ? '-' : '=';
    return { name, identifier, change: { mode, rights: parseRights(mode === '=' ? written : written.slice(1)) } };
  },
  run: async (session, { name, identifier, change }) => {
    const { facts } = await session.names.require(name, 'a');
    refuseOwner({ facts }, identifier);
    const { sharing } = session.ports.mailboxes;
    const before = (await sharing.list(facts.id)).find((entry) => entry.identifier === identifier)?.rights ?? '';
    await sharing.set(facts.id, identifier, changeRights(before, change));
    return ok('SETACL completed');
  },
});

export const deleteAcl = defineCommand({
  name: 'DELETEACL',
  states: LOGGED_IN,
  parse: readMailboxAndIdentifier,
  run: async (session, { name, identifier }) => {
    const { facts } = await session.names.require(name, 'a');
    refuseOwner({ facts }, identifier);
    const { sharing } = session.ports.mailboxes;
    if ((await sharing.list(facts.id)).some((entry) => entry.identifier === identifier)) await sharing.set(facts.id, identifier, '');
    return ok('DELETEACL completed');
  },
});

export const listRights = defineCommand({
  name: 'LISTRIGHTS',
  states: LOGGED_IN,
  parse: readMailboxAndIdentifier,
  run: async (session, { name: written, identifier }) => {
    const { name, facts } = await session.names.require(written, 'a');
    session.out.text('* LISTRIGHTS ').mailbox(name).text(' ').astring(identifier);
    // RFC 4314 §3.7: first what one always has, then what can be given, each by itself.
    session.out.line(identifier === facts.account ? ` ${ALL_RIGHTS}` : ` "" ${[...ALL_RIGHTS].join(' ')}`);
    return ok('LISTRIGHTS completed');
  },
});

export const myRights = defineCommand({
  name: 'MYRIGHTS',
  states: LOGGED_IN,
  parse: readMailboxOnly,
  run: async (session, written) => {
    const { name, rights } = await session.names.require(written);
    session.out.text('* MYRIGHTS ').mailbox(name).line(` ${rightsForClients(rights)}`);
    return ok('MYRIGHTS completed');
  },
});

function refuseOwner({ facts }: Pick<NamedFolder, 'facts'>, identifier: string): void {
  if (identifier.replace(/^-/, '') !== facts.account) return;
  throw new Failure('no-permission', 'the owner of a mailbox keeps all rights', { temporary: false });
}
