/** Every command this server has, by name. The list of capabilities beside it is capabilities.ts. */
import type { Command } from './command.ts';
import { capability } from './commands/capability.ts';
import { close, unselect } from './commands/close.ts';
import { compress } from './commands/compress.ts';
import { copy, move, uidCopy, uidMove } from './commands/copy.ts';
import { enable } from './commands/enable.ts';
import { expunge, uidExpunge } from './commands/expunge.ts';
import { id } from './commands/id.ts';
import { idle } from './commands/idle.ts';
import { login } from './commands/login.ts';
import { logout } from './commands/logout.ts';
import { check, noop } from './commands/noop.ts';
import { examine, select } from './commands/select.ts';
import { starttls } from './commands/starttls.ts';
import { store, uidStore } from './commands/store.ts';
import { unauthenticate } from './commands/unauthenticate.ts';

/** About the connection and who is on it. */
const CONNECTION: readonly Command[] = [capability, compress, enable, id, login, logout, noop, starttls, unauthenticate];
/** About a selected mailbox. */
const SELECTED: readonly Command[] = [check, close, copy, examine, expunge, idle, move, select, store, uidCopy, uidExpunge, uidMove, uidStore, unselect];

export type CommandRegistry = ReadonlyMap<string, Command>;

export function imapCommands(): CommandRegistry {
  return new Map([...CONNECTION, ...SELECTED].map((command) => [command.name, command]));
}
