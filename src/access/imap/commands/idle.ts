/**
 * IDLE (RFC 2177, RFC 9051 §6.3.13): tells what happens in the selected mailbox until the client says DONE.
 *
 * What happens while the client reads slowly is told together.
 */
import { IMAP_LIMITS } from '../../../base/access-limits.ts';
import { bad, ok } from '../../../wire/imap/response.ts';
import { defineCommand, LOGGED_IN, noArguments } from '../command.ts';
import { SelectedFolder } from '../selected-folder.ts';
import { endWhenLost } from '../selected-news.ts';

export const idle = defineCommand({
  name: 'IDLE',
  states: LOGGED_IN,
  isDialogue: true,
  parse: noArguments,
  run: async (session) => {
    const selected = session.selected instanceof SelectedFolder ? session.selected : undefined;
    const tell = async (): Promise<void> => {
      if (selected === undefined) return;
      await selected.sync(session, { expunges: 'told' });
      await endWhenLost(session, selected);
    };
    const stop = selected?.live.watch(() => session.whenQuiet(tell));
    try {
      const answer = session.ask('idling', IMAP_LIMITS.idleTimeoutMs);
      // For what came in between the last command and this one.
      session.whenQuiet(tell);
      const line = await answer;
      return line.toString('latin1').trim().toUpperCase() === 'DONE' ? ok('IDLE completed') : bad('IDLE ends with DONE');
    } finally {
      stop?.();
    }
  },
});
