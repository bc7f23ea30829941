/**
 * GETQUOTA, GETQUOTAROOT and SETQUOTA (RFC 9208). An account's folders share one quota root, named after the account; its limits are the
 * administrator's to set.
 */
import { readOnlyMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { no, ok } from '../../../wire/imap/response.ts';
import { defineCommand, LOGGED_IN, type ImapSession } from '../command.ts';

export const getQuota = defineCommand({
  name: 'GETQUOTA',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const root = scanner.astring('a quota root');
    scanner.end();
    return root;
  },
  run: async (session, root) => {
    if (!isOwnRoot(session, root)) return no('there is no such quota root, or it is not yours', 'NONEXISTENT');
    await writeQuota(session);
    return ok('GETQUOTA completed');
  },
});

export const getQuotaRoot = defineCommand({
  name: 'GETQUOTAROOT',
  states: LOGGED_IN,
  parse: readOnlyMailboxName,
  run: async (session, written) => {
    const { name, facts } = await session.names.require(written);
    session.out.text('* QUOTAROOT ').mailbox(name).text(' ').astring(facts.account).text('\r\n');
    // How full somebody else's account is, is theirs to know (RFC 9208 §4.3).
    if (facts.account === session.account) await writeQuota(session);
    return ok('GETQUOTAROOT completed');
  },
});

export const setQuota = defineCommand({
  name: 'SETQUOTA',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    scanner.astring('a quota root');
    scanner.space();
    const words = scanner.list(() => scanner.atom('a resource or its limit'));
    scanner.end();
    return words;
  },
  run: () => no('limits are set by the administrator', 'NOPERM'),
});

function isOwnRoot(session: ImapSession, root: string): boolean {
  return root.toLowerCase() === session.account;
}

/** RFC 9208 §5.1: STORAGE in units of 1024 bytes; what has no limit is not told. */
async function writeQuota(session: ImapSession): Promise<void> {
  const { usedBytes, usedMessages, bytesMax, messagesMax } = await session.ports.mailboxes.quotas.state(session.account);
  const resources: string[] = [];
  if (bytesMax !== undefined) resources.push(`STORAGE ${Math.ceil(usedBytes / 1024)} ${Math.floor(bytesMax / 1024)}`);
  if (messagesMax !== undefined) resources.push(`MESSAGE ${usedMessages} ${messagesMax}`);
  session.out.text('* QUOTA ').astring(session.account).line(` (${resources.join(' ')})`);
}
