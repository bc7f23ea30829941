/** POP3 as the frame of sessions (connection/protocol.ts) carries it. RFC 1939. */
import { POP3_LIMITS } from '../../base/access-limits.ts';
import type { AccessProtocol, FarewellReason } from '../connection/protocol.ts';
import type { Pop3Ports } from './pop3-command.ts';
import { pop3Commands } from './registry.ts';
import { Session } from './session.ts';

const FAREWELLS: Readonly<Record<FarewellReason, string>> = {
  'shutting-down': '-ERR [SYS/TEMP] the server is going down, come back soon\r\n',
  idle: '-ERR you were silent for too long\r\n',
  'login-timeout': '-ERR you did not log in in time\r\n',
  'too-many-connections': '-ERR [SYS/TEMP] too many connections\r\n',
  withdrawn: '-ERR [AUTH] what you logged in with is not valid any more\r\n',
  'internal-error': '-ERR [SYS/TEMP] something went wrong on the server; it is in its log\r\n',
};

export function createPop3(ports: Pop3Ports): AccessProtocol {
  const commands = pop3Commands();
  return {
    service: 'pop3',
    idleTimeoutMs: POP3_LIMITS.idleTimeoutMs,
    serve: (connection) => new Session(ports, commands, connection).serve(),
    farewell: (reason) => FAREWELLS[reason],
  };
}
