/**
 * Who may do what with folders of others (RFC 4314). Rights are kept as given; what somebody may do is all that their own
 * identifier and `anyone` give, without what the same behind `-` takes away.
 */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { FolderFacts } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { folderById, requireFolder, tellListChanged } from './folder-rows.ts';

export const ALL_RIGHTS = 'lrswipkxtea';

export interface RightsRow {
  readonly identifier: string;
  readonly rights: string;
}

/** In the order of ALL_RIGHTS, each once. RFC 4314 §2.1.1: `c` and `d` of old clients stand for what they were split into. */
function normalizeRights(rights: string): string {
  const meant = new Set([...rights].flatMap((letter) => OLD_RIGHTS[letter] ?? [letter]));
  const unknown = [...meant].find((letter) => !ALL_RIGHTS.includes(letter));
  if (unknown !== undefined) throw new Failure('rights-refused', `${JSON.stringify(unknown)} is not a right: use letters of ${ALL_RIGHTS}`, { temporary: false });
  return [...ALL_RIGHTS].filter((letter) => meant.has(letter)).join('');
}

const OLD_RIGHTS: Readonly<Record<string, readonly string[]>> = { c: ['k', 'x'], d: ['t', 'e'] };

function rightsOf(db: Database, folder: FolderFacts, viewer: string): string {
  if (folder.account === viewer) return ALL_RIGHTS;
  const given = new Set<string>();
  const denied = new Set<string>();
  const rows = db.all<RightsRow>(
    "SELECT identifier, rights FROM folder_rights WHERE folder_id = ?1 AND identifier IN (?2, 'anyone', '-' || ?2, '-anyone')", folder.id, viewer,
  );
  for (const { identifier, rights } of rows) for (const letter of rights) (identifier.startsWith('-') ? denied : given).add(letter);
  return [...ALL_RIGHTS].filter((letter) => given.has(letter) && !denied.has(letter)).join('');
}

export const sharingWrites = {
  /** Empty rights remove the entry. Throws Failure `folder-unknown`, `rights-refused`, `too-many-shares`. */
  set(db: Database, args: { readonly folder: number; readonly identifier: string; readonly rights: string }): void {
    const folder = requireFolder(db, args.folder);
    if (args.identifier === folder.account) throw new Failure('rights-refused', 'the owner of a folder has all rights', { temporary: false });
    const rights = normalizeRights(args.rights);
    db.run('DELETE FROM folder_rights WHERE folder_id = ? AND identifier = ?', folder.id, args.identifier);
    if (rights !== '') {
      const have = db.get<{ count: number }>('SELECT count(*) AS count FROM folder_rights WHERE folder_id = ?', folder.id)?.count ?? 0;
      if (have >= MAILBOX_LIMITS.sharesMax) throw new Failure('too-many-shares', `a folder can be shared with at most ${MAILBOX_LIMITS.sharesMax}`, { temporary: false });
      db.run('INSERT INTO folder_rights (folder_id, identifier, rights) VALUES (?, ?, ?)', folder.id, args.identifier, rights);
    }
    tellListChanged(db, folder);
  },
};

export const sharingReads = {
  rights(db: Database, args: { readonly folder: number; readonly viewer: string }): string {
    const folder = folderById(db, args.folder);
    return folder ? rightsOf(db, folder, args.viewer) : '';
  },

  list(db: Database, args: { readonly folder: number }): readonly RightsRow[] {
    return db.all('SELECT identifier, rights FROM folder_rights WHERE folder_id = ? ORDER BY identifier', args.folder);
  },

  /** By owner and name. */
  sharedWith(db: Database, args: { readonly viewer: string }): readonly { readonly folder: FolderFacts; readonly rights: string }[] {
    const ids = db.all<{ id: number }>("SELECT DISTINCT folder_id AS id FROM folder_rights WHERE identifier IN (?, 'anyone')", args.viewer);
    return ids
      .flatMap(({ id }) => {
        const folder = folderById(db, id);
        if (!folder || folder.account === args.viewer) return [];
        const rights = rightsOf(db, folder, args.viewer);
        return rights.includes('l') ? [{ folder, rights }] : [];
      })
      .sort((a, b) => (a.folder.account === b.folder.account ? compare(a.folder.name, b.folder.name) : compare(a.folder.account, b.folder.account)));
  },
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
