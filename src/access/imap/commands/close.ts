/** CLOSE and UNSELECT (RFC 9051 §6.4.1, §6.4.2): back to the authenticated state, with or without expunging what is flagged \Deleted. */
import { ok } from '../../../wire/imap/response.ts';
import { defineCommand, noArguments, SELECTED } from '../command.ts';
import { expunge } from '../selected-changes.ts';
import { selectedFolder } from '../selected-folder.ts';

export const close = defineCommand({
  name: 'CLOSE',
  states: SELECTED,
  parse: noArguments,
  run: async (session) => {
    const selected = selectedFolder(session);
    // RFC 9051 §6.4.1: nothing is removed, and no error, when the mailbox is read-only; likewise without the right (RFC 4314 §4).
    const mayExpunge = !selected.readOnly && selected.rights.includes('e');
    if (mayExpunge) await expunge(session, selected);
    session.select(undefined);
    // No HIGHESTMODSEQ (RFC 7162 §3.2.8): what others changed meanwhile is not told here, and the client would miss it.
    return ok('CLOSE completed');
  },
});

export const unselect = defineCommand({
  name: 'UNSELECT',
  states: SELECTED,
  parse: noArguments,
  run: (session) => {
    session.select(undefined);
    return ok('UNSELECT completed');
  },
});
