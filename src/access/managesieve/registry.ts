/** The commands of ManageSieve by their names. */
import { authenticate } from './commands/authenticate.ts';
import { capability, logout, noop, startTls, unauthenticate } from './commands/connection.ts';
import { checkScript, deleteScript, getScript, haveSpace, listScripts, putScript, renameScript, setActive } from './commands/scripts.ts';
import type { ManageSieveCommand } from './managesieve-command.ts';

export function manageSieveCommands(): ReadonlyMap<string, ManageSieveCommand> {
  const all = [authenticate, capability, checkScript, deleteScript, getScript, haveSpace, listScripts, logout, noop, putScript, renameScript, setActive, startTls, unauthenticate];
  return new Map(all.map((command) => [command.name, command]));
}
