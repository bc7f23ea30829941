/** IMAP as the frame of sessions (connection/protocol.ts) carries it. RFC 9051, RFC 3501. */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import type { AccessProtocol, FarewellReason } from '../connection/protocol.ts';
import type { ImapPorts } from './command.ts';
import { imapCommands } from './registry.ts';
import { Session } from './session.ts';

/** RFC 5530 for the code where there is one; in place of the greeting BYE refuses (RFC 9051 §7.1.5). */
const FAREWELLS: Readonly<Record<FarewellReason, string>> = {
  'shutting-down': '* BYE [UNAVAILABLE] the server is going down, come back soon\r\n',
  idle: '* BYE you were silent for too long\r\n',
  'login-timeout': '* BYE you did not log in in time\r\n',
  'too-many-connections': '* BYE [UNAVAILABLE] too many connections\r\n',
  withdrawn: '* BYE [AUTHORIZATIONFAILED] what you logged in with is not valid any more\r\n',
  'internal-error': '* BYE [SERVERBUG] something went wrong on the server; it is in its log\r\n',
};

export function createImap(ports: ImapPorts): AccessProtocol {
  const commands = imapCommands();
  return {
    service: 'imap',
    idleTimeoutMs: IMAP_LIMITS.idleTimeoutMs,
    serve: (connection) => new Session(ports, commands, connection).serve(`${ports.hostname} Posthorn ready`),
    farewell: (reason) => FAREWELLS[reason],
  };
}
