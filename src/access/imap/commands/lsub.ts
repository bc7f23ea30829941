/** LSUB (RFC 3501 §6.3.9), for clients of IMAP4rev1: subscribed names, whether there is a mailbox or not. */
import { boundPatterns } from '../../../wire/imap/list-arguments.ts';
import { readMailboxName, readMailboxPattern } from '../../../wire/imap/mailbox-name.ts';
import { ok } from '../../../wire/imap/response.ts';
import { defineCommand, LOGGED_IN } from '../command.ts';
import { NameMatcher } from '../list/name-matcher.ts';
import { NameTree } from '../list/name-tree.ts';

export const lsub = defineCommand({
  name: 'LSUB',
  states: LOGGED_IN,
  parse: (scanner) => {
    scanner.space();
    const reference = readMailboxName(scanner);
    scanner.space();
    const pattern = readMailboxPattern(scanner);
    scanner.end();
    return boundPatterns([`${reference}${pattern}`])[0] as string;
  },
  run: async (session, pattern) => {
    const [folders, subscriptions] = await Promise.all([session.names.list(), session.names.subscriptions()]);
    const tree = new NameTree(folders, subscriptions);
    const names = new NameMatcher([pattern]);
    await names.look(tree.entries(), session.signal);
    // With %, a name above a subscribed one is told in its place, as one that cannot be selected.
    if (pattern.includes('%')) tree.markAbove((entry) => entry.subscribed && !names.matches(entry));
    for (const entry of tree.entries()) {
      if (!(entry.subscribed || entry.selectedBelow) || !names.matches(entry)) continue;
      session.out.text(`* LSUB (${entry.subscribed ? '' : '\\Noselect'}) "/" `).mailbox(entry.name).text('\r\n');
      await session.flushWhenFull();
    }
    return ok('LSUB completed');
  },
});
