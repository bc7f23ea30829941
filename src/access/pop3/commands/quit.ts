/** QUIT (RFC 1939 §5 and §6): what was marked is deleted, then the session ends. */
import { Failure } from '../../../base/errors.ts';
import { ALWAYS, type Pop3Command } from '../pop3-command.ts';

export const quit: Pop3Command = {
  name: 'QUIT',
  states: ALWAYS,
  run: async (session) => {
    session.leave();
    try {
      await session.close();
      session.ok('goodbye');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      session.ports.log.error('pop3.update-failed', { code: error.code, error: String(error.cause ?? error) });
      session.fail('not all marked messages were deleted', error.temporary ? 'SYS/TEMP' : 'SYS/PERM');
    }
  },
};
