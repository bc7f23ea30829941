/** EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (§6.4.9): removes for good what is flagged \Deleted. */
import { ok, type Outcome } from '../../../wire/imap/response.ts';
import { readSequenceSet, type SequenceSet } from '../../../wire/imap/sequence-set.ts';
import { defineCommand, noArguments, SELECTED, type ImapSession } from '../command.ts';
import { expunge as expungeMessages, requireRights } from '../selected-changes.ts';
import { selectedFolder } from '../selected-folder.ts';

export const expunge = defineCommand({
  name: 'EXPUNGE',
  states: SELECTED,
  parse: noArguments,
  run: (session) => run(session, undefined),
});

export const uidExpunge = defineCommand<SequenceSet>({
  name: 'UID EXPUNGE',
  states: SELECTED,
  parse: (scanner) => {
    scanner.space();
    const set = readSequenceSet(scanner);
    scanner.end();
    return set;
  },
  run,
});

async function run(session: ImapSession, set: SequenceSet | undefined): Promise<Outcome> {
  const selected = selectedFolder(session);
  requireRights(selected, 'e');
  const uids = set === undefined ? undefined : selected.targets(set, 'uid').uids;
  if (uids?.length === 0) return ok('EXPUNGE completed');
  const done = await expungeMessages(session, selected, uids);
  // RFC 7162 §3.2.7: the news behind this tell everything up to that one.
  return ok('EXPUNGE completed', session.enabled.condstore && done.uids.length > 0 ? `HIGHESTMODSEQ ${done.highestModseq}` : undefined);
}
