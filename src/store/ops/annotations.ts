/** Annotations of folders and of the server (RFC 5464): private ones of a viewer, shared ones of all. */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { Database } from '../database.ts';
import { folderByName, requireFolder, tellListChanged } from './folder-rows.ts';

/** `folder_id` of what belongs to the server. */
const SERVER = 0;
/** `viewer` of shared entries. */
const EVERYBODY = '';

interface AnnotationRow {
  readonly entry: string;
  readonly value: Uint8Array;
}

export interface AnnotationChange {
  readonly entry: string;
  readonly value: Uint8Array | null;
}

function refuse(code: string, text: string): never {
  throw new Failure(code, text, { temporary: false });
}

function put(db: Database, folder: number, viewer: string, { entry, value }: AnnotationChange): void {
  if (!/^\/(?:private|shared)\/[!-~]+$/.test(entry) || entry.length > MAILBOX_LIMITS.annotationNameBytesMax) refuse('annotation-refused', 'the name of an entry begins with /private/ or /shared/');
  const owner = entry.startsWith('/shared/') ? EVERYBODY : viewer;
  db.run('DELETE FROM mailbox_annotations WHERE folder_id = ? AND viewer = ? AND entry = ?', folder, owner, entry);
  if (value === null) return;
  if (value.length > MAILBOX_LIMITS.annotationBytesMax) refuse('annotation-too-large', `an annotation has at most ${MAILBOX_LIMITS.annotationBytesMax} bytes`);
  const have = db.get<{ count: number }>('SELECT count(*) AS count FROM mailbox_annotations WHERE folder_id = ? AND viewer = ?', folder, owner)?.count ?? 0;
  if (have >= MAILBOX_LIMITS.annotationsMax) refuse('too-many-annotations', `at most ${MAILBOX_LIMITS.annotationsMax} annotations`);
  db.run('INSERT INTO mailbox_annotations (folder_id, viewer, entry, value) VALUES (?, ?, ?, ?)', folder, owner, entry, value);
}

export const annotationWrites = {
  /** All or none. Throws Failure `folder-unknown`, `annotation-refused`, `annotation-too-large`, `too-many-annotations`. */
  set(db: Database, args: { readonly viewer: string; readonly folder: number | null; readonly entries: readonly AnnotationChange[] }): void {
    const folder = args.folder === null ? folderByName(db, args.viewer, 'INBOX') : requireFolder(db, args.folder);
    for (const change of args.entries) put(db, args.folder ?? SERVER, args.viewer, change);
    if (folder) tellListChanged(db, folder);
  },
};

export const annotationReads = {
  list(db: Database, args: { readonly viewer: string; readonly folder: number | null }): readonly AnnotationRow[] {
    return db.all('SELECT entry, value FROM mailbox_annotations WHERE folder_id = ? AND viewer IN (?, ?) ORDER BY entry', args.folder ?? SERVER, args.viewer, EVERYBODY);
  },
};
