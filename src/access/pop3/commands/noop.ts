/** NOOP (RFC 1939 §5). */
import { LOGGED_IN, type Pop3Command } from '../pop3-command.ts';

export const noop: Pop3Command = { name: 'NOOP', states: LOGGED_IN, run: (session) => session.ok('nothing done') };
