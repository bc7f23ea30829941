/** ManageSieve as the frame of sessions (connection/protocol.ts) carries it. RFC 5804. */
import { MANAGESIEVE_LIMITS } from '../../base/access-limits.ts';
import type { AccessProtocol, FarewellReason } from '../connection/protocol.ts';
import type { ManageSievePorts } from './managesieve-command.ts';
import { manageSieveCommands } from './registry.ts';
import { Session } from './session.ts';

const FAREWELLS: Readonly<Record<FarewellReason, string>> = {
  'shutting-down': 'BYE (TRYLATER) "the server is going down, come back soon"\r\n',
  idle: 'BYE "you were silent for too long"\r\n',
  'login-timeout': 'BYE "you did not log in in time"\r\n',
  'too-many-connections': 'BYE (TRYLATER) "too many connections"\r\n',
  withdrawn: 'BYE "what you logged in with is not valid any more"\r\n',
  'internal-error': 'BYE (TRYLATER) "something went wrong on the server; it is in its log"\r\n',
};

export function createManageSieve(ports: ManageSievePorts): AccessProtocol {
  const commands = manageSieveCommands();
  return {
    service: 'sieve',
    idleTimeoutMs: MANAGESIEVE_LIMITS.idleTimeoutMs,
    serve: (connection) => new Session(ports, commands, connection).serve(),
    farewell: (reason) => FAREWELLS[reason],
  };
}
