/** Every command this server has, by name. The list of capabilities beside it is capabilities.ts. */
import type { Command } from './command.ts';
import { deleteAcl, getAcl, listRights, myRights, setAcl } from './commands/acl.ts';
import { append } from './commands/append.ts';
import { authenticate } from './commands/authenticate.ts';
import { capability } from './commands/capability.ts';
import { close, unselect } from './commands/close.ts';
import { compress } from './commands/compress.ts';
import { copy, move, uidCopy, uidMove } from './commands/copy.ts';
import { create } from './commands/create.ts';
import { deleteMailbox } from './commands/delete.ts';
import { enable } from './commands/enable.ts';
import { expunge, uidExpunge } from './commands/expunge.ts';
import { fetch, uidFetch } from './commands/fetch.ts';
import { id } from './commands/id.ts';
import { idle } from './commands/idle.ts';
import { list } from './commands/list.ts';
import { login } from './commands/login.ts';
import { logout } from './commands/logout.ts';
import { lsub } from './commands/lsub.ts';
import { getMetadata, setMetadata } from './commands/metadata.ts';
import { namespace } from './commands/namespace.ts';
import { check, noop } from './commands/noop.ts';
import { getQuota, getQuotaRoot, setQuota } from './commands/quota.ts';
import { rename } from './commands/rename.ts';
import { notify } from './commands/notify.ts';
import { replace, uidReplace } from './commands/replace.ts';
import { examine, select } from './commands/select.ts';
import { search, uidSearch } from './commands/search.ts';
import { sort, uidSort } from './commands/sort.ts';
import { starttls } from './commands/starttls.ts';
import { status } from './commands/status.ts';
import { store, uidStore } from './commands/store.ts';
import { subscribe, unsubscribe } from './commands/subscribe.ts';
import { thread, uidThread } from './commands/thread.ts';
import { unauthenticate } from './commands/unauthenticate.ts';

/** About the connection and who is on it. */
const CONNECTION: readonly Command[] = [authenticate, capability, compress, enable, id, login, logout, noop, starttls, unauthenticate];
/** About mailboxes by name, and the account. */
const MAILBOXES: readonly Command[] = [
  append,
  create,
  deleteAcl,
  deleteMailbox,
  getAcl,
  getMetadata,
  getQuota,
  getQuotaRoot,
  list,
  listRights,
  lsub,
  myRights,
  namespace,
  rename,
  setAcl,
  setMetadata,
  setQuota,
  status,
  subscribe,
  unsubscribe,
];
/** About a selected mailbox. */
const SELECTED: readonly Command[] = [fetch, uidFetch, search, uidSearch, sort, uidSort, thread, uidThread, check, close, copy, examine, expunge, idle, move, notify, replace, select, store, uidCopy, uidExpunge, uidMove, uidReplace, uidStore, unselect];

export type CommandRegistry = ReadonlyMap<string, Command>;

export function imapCommands(): CommandRegistry {
  return new Map([...CONNECTION, ...MAILBOXES, ...SELECTED].map((command) => [command.name, command]));
}
