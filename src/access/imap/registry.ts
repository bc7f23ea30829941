/** Every command this server has, by name. The list of capabilities beside it is capabilities.ts. */
import type { Command } from './command.ts';
import { noop } from './commands/noop.ts';

const COMMANDS: readonly Command[] = [noop];

export type CommandRegistry = ReadonlyMap<string, Command>;

export function imapCommands(): CommandRegistry {
  return new Map(COMMANDS.map((command) => [command.name, command]));
}
