/** Stored facts of many messages, in pieces, letting others go first in between. */
import { setImmediate as turn } from 'node:timers/promises';
import type { MailFacts } from '../../../contract/mailbox.ts';
import type { ImapSession } from '../command.ts';
import type { Positions, SearchScope } from './search-scope.ts';

const AT_ONCE = 500;

/** What `take` makes of each message; undefined for those that are gone. */
export async function gatherFacts<T>(session: ImapSession, scope: SearchScope, positions: Positions, take: (facts: MailFacts) => T): Promise<(T | undefined)[]> {
  const { mails } = session.ports.mailboxes;
  const results: (T | undefined)[] = [];
  for (let from = 0; from < positions.length; from += AT_ONCE) {
    const mailIds = Array.from(positions.subarray(from, from + AT_ONCE), (position) => scope.rows.mailIdAt(scope.rowOf(position)));
    const facts = new Map((await mails.facts(mailIds)).map((one) => [one.mailId, take(one)]));
    for (const mailId of mailIds) results.push(facts.get(mailId));
    session.signal.throwIfAborted();
    session.progress(from, positions.length);
    await turn();
  }
  return results;
}
