/**
 * Folders of accounts. UIDVALIDITY comes from one counter that follows the clock and only grows, so that a folder made
 * anew under an old name never repeats one (RFC 9051 §2.3.1.1); ids are never used again either.
 */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import type { FolderFacts } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { FIRST_FOLDERS, normalizeFolderName } from '../folder-name.ts';
import { transferAll } from './folder-messages.ts';
import { folderByName, foldersOf, requireAccount, requireFolder, tellListChanged } from './folder-rows.ts';
import { removeFolderRow } from './removed-folders.ts';

/** Finds or makes it. A missing account is a temporary Failure: the next attempt of the delivery finds that out and bounces. */
export function ensureFolder(db: Database, account: string, name: string, at: number): FolderFacts {
  const known = folderByName(db, account, name);
  if (known) return known;
  requireAccount(db, account, true);
  createParents(db, account, normalizeFolderName(name), at);
  const made = createFolder(db, account, normalizeFolderName(name), at);
  subscribe(db, account, made.name);
  return made;
}

/** For a new account, in the transaction that adds it. */
export function createFirstFolders(db: Database, account: string, at: number): void {
  for (const { name, specialUse } of FIRST_FOLDERS) {
    createFolder(db, account, name, at, specialUse);
    subscribe(db, account, name);
  }
}

/** With the account; what is in its folders goes by and by (removed-folders.ts). Nothing of it can be undeleted. */
export function removeFolders(db: Database, account: string): void {
  for (const folder of foldersOf(db, account)) removeFolderRow(db, folder, undefined);
  db.run('DELETE FROM subscriptions WHERE viewer = ?', account);
  db.run('DELETE FROM thread_keys WHERE account = ?', account);
  db.run('DELETE FROM mail_quotas WHERE account = ?', account);
  db.run("DELETE FROM folder_rights WHERE identifier IN (?1, '-' || ?1)", account);
  db.run('DELETE FROM mailbox_annotations WHERE viewer = ?', account);
  db.run(
    `INSERT INTO removed_accounts (account, last_expunged_id) SELECT ?1, coalesce(max(id), 0) FROM expunged_mails WHERE account = ?1
     ON CONFLICT (account) DO UPDATE SET last_expunged_id = excluded.last_expunged_id`,
    account,
  );
}

/** `name` is normalized and free. */
function createFolder(db: Database, account: string, name: string, at: number, specialUse?: string): FolderFacts {
  requireFewer(db, account, 1);
  const id = db.get<{ last: number }>('UPDATE folder_ids SET last = last + 1 WHERE id = 1 RETURNING last')?.last as number;
  db.run(
    `INSERT INTO folders (id, account, name, uid_validity, uid_next, highest_modseq, special_use, subscribed, created_at) VALUES (?, ?, ?, ?, 1, 1, ?, 0, ?)`,
    id, account, name, nextUidValidity(db, at), specialUse ?? null, at,
  );
  const folder = requireFolder(db, id);
  tellListChanged(db, folder);
  return folder;
}

function requireFewer(db: Database, account: string, more: number): void {
  const have = db.get<{ count: number }>('SELECT count(*) AS count FROM folders WHERE account = ?', account)?.count ?? 0;
  if (have + more <= DIRECTORY_LIMITS.foldersMax) return;
  throw new Failure('too-many-folders', `${account} has ${have} folders, and an account can have ${DIRECTORY_LIMITS.foldersMax}`, { temporary: false });
}

function nextUidValidity(db: Database, at: number): number {
  const last = db.get<{ last: number }>('SELECT last FROM uid_validity WHERE id = 1')?.last ?? 0;
  const next = Math.max(Math.floor(at / 1000), last + 1);
  db.run('UPDATE uid_validity SET last = ? WHERE id = 1', next);
  return next;
}

/** Normalized. Throws Failure `folder-exists`. */
function freeName(db: Database, account: string, name: string): string {
  const normal = normalizeFolderName(name);
  if (folderByName(db, account, normal)) throw new Failure('folder-exists', `${account} has a folder ${normal} already`, { temporary: false });
  return normal;
}

/** RFC 9051 §6.3.4: superior folders are made when they are missing. */
function createParents(db: Database, account: string, name: string, at: number): void {
  for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
    const parent = name.slice(0, slash);
    if (!folderByName(db, account, parent)) markImplied(db, createFolder(db, account, parent, at));
  }
}

function markImplied(db: Database, { id }: FolderFacts): void {
  db.run('UPDATE folders SET implied = 1 WHERE id = ?', id);
}

/**
 * Clients that make `a/b` before `a` are not told that somebody was faster: what was made in passing is theirs to create, once
 * (docs/decisions/0195-folders-made-in-passing.md). Undefined: there is none of that kind.
 */
function takeImplied(db: Database, account: string, name: string, specialUse: string | null): FolderFacts | undefined {
  const taken = db.get<{ id: number }>('UPDATE folders SET implied = 0, special_use = ? WHERE account = ? AND name = ? AND implied = 1 RETURNING id', specialUse, account, name);
  if (!taken) return undefined;
  const folder = requireFolder(db, taken.id);
  tellListChanged(db, folder);
  return folder;
}

/** RFC 6154 §2 and RFC 8457; others may come. */
const SPECIAL_USE = /^\\[A-Za-z]{1,30}$/;

function specialUseText(uses: readonly string[]): string | null {
  if (uses.length > MAILBOX_LIMITS.specialUsesMax || uses.some((use) => !SPECIAL_USE.test(use))) {
    throw new Failure('special-use-refused', 'a special use is a word behind a backslash, such as \\Sent', { temporary: false });
  }
  return uses.length === 0 ? null : [...new Set(uses)].join(' ');
}

function subscribe(db: Database, viewer: string, name: string): void {
  db.run('INSERT INTO subscriptions (viewer, name) VALUES (?, ?) ON CONFLICT (viewer, name) DO NOTHING', viewer, name);
}

interface Renamed {
  readonly id: number;
  readonly name: string;
}

function rename(db: Database, folder: FolderFacts, newName: string, at: number): FolderFacts {
  const name = freeName(db, folder.account, newName);
  if (name.startsWith(`${folder.name}/`) && folder.name !== 'INBOX') {
    throw new Failure('folder-name-refused', 'a folder cannot be put below itself: choose another name', { temporary: false });
  }
  createParents(db, folder.account, name, at);
  if (folder.name === 'INBOX') {
    const made = createFolder(db, folder.account, name, at);
    transferAll(db, folder, made, at);
    return requireFolder(db, made.id);
  }
  const below = db.all<Renamed>('SELECT id, name FROM folders WHERE account = ? AND substr(name, 1, ?) = ?', folder.account, folder.name.length + 1, `${folder.name}/`);
  for (const one of [folder, ...below]) {
    const renamed = freeName(db, folder.account, `${name}${one.name.slice(folder.name.length)}`);
    db.run('UPDATE folders SET name = ? WHERE id = ?', renamed, one.id);
    tellListChanged(db, { id: one.id, account: folder.account, highestModseq: folder.highestModseq });
  }
  return requireFolder(db, folder.id);
}

export const folderWrites = {
  /** Throws Failure `folder-exists`, `account-unknown`, `folder-name-refused`, `too-many-folders`, `special-use-refused`. */
  create(db: Database, args: { readonly account: string; readonly name: string; readonly specialUse: readonly string[]; readonly implied?: boolean; readonly subscribe: boolean; readonly at: number }): FolderFacts {
    requireAccount(db, args.account, false);
    const uses = specialUseText(args.specialUse);
    const taken = args.implied ? undefined : takeImplied(db, args.account, normalizeFolderName(args.name), uses);
    if (taken && args.subscribe) subscribe(db, args.account, taken.name);
    if (taken) return taken;
    const name = freeName(db, args.account, args.name);
    createParents(db, args.account, name, args.at);
    if (args.subscribe) subscribe(db, args.account, name);
    const made = createFolder(db, args.account, name, args.at, uses ?? undefined);
    if (args.implied) markImplied(db, made);
    return made;
  },

  rename(db: Database, args: { readonly id: number; readonly newName: string; readonly at: number }): FolderFacts {
    return rename(db, requireFolder(db, args.id), args.newName, args.at);
  },

  /** What is in it goes by and by. INBOX stays. */
  remove(db: Database, args: { readonly id: number; readonly at: number }): void {
    const folder = requireFolder(db, args.id);
    if (folder.name === 'INBOX') throw new Failure('folder-needed', 'INBOX cannot be removed', { temporary: false });
    removeFolderRow(db, folder, args.at);
  },

  setSpecialUse(db: Database, args: { readonly id: number; readonly specialUse: readonly string[] }): FolderFacts {
    requireFolder(db, args.id);
    db.run('UPDATE folders SET special_use = ? WHERE id = ?', specialUseText(args.specialUse), args.id);
    const folder = requireFolder(db, args.id);
    tellListChanged(db, folder);
    return folder;
  },

  subscribe(db: Database, args: { readonly viewer: string; readonly name: string; readonly on: boolean }): void {
    const name = normalizeFolderName(args.name);
    if (!args.on) {
      db.run('DELETE FROM subscriptions WHERE viewer = ? AND name = ?', args.viewer, name);
    } else {
      requireAccount(db, args.viewer, false);
      const have = db.get<{ count: number }>('SELECT count(*) AS count FROM subscriptions WHERE viewer = ?', args.viewer)?.count ?? 0;
      if (have >= MAILBOX_LIMITS.subscriptionsMax) throw new Failure('too-many-subscriptions', `at most ${MAILBOX_LIMITS.subscriptionsMax} folders can be subscribed`, { temporary: false });
      subscribe(db, args.viewer, name);
    }
    const inbox = folderByName(db, args.viewer, 'INBOX');
    if (inbox) tellListChanged(db, inbox);
  },
};

