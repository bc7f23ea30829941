/**
 * Message bodies: stored once by the SHA-256 of their bytes, counted by the queue messages and mailbox messages that
 * name them, in the same transactions as those. Small ones are rows, larger ones files (store/body-files.ts) that were
 * synced before the row that names them.
 *
 * A file belongs to the one insert that wrote it: when the digest is there already, the new file is dropped after the
 * commit, so that releasing one message can never take the file of another.
 */
import { unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { bodyPath } from '../body-path.ts';
import type { Database } from '../database.ts';

export interface NewBody {
  /** SHA-256, hex. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Exactly one of both. */
  readonly bytes?: Uint8Array;
  readonly file?: string;
}

interface BodyRow {
  readonly refs: number;
  readonly content_id: number | null;
  readonly file: string | null;
}

/** What a reader gets: the bytes, or the file (relative to `bodies/`) that has them. */
export type StoredBody = { readonly bytes: Uint8Array } | { readonly file: string; readonly sizeBytes: number };

/** Stores a body with one reference, or adds a reference to the one that is there. */
export function addBody(db: Database, body: NewBody): void {
  const key = Buffer.from(body.digest, 'hex');
  const known = db.run('UPDATE bodies SET refs = refs + 1 WHERE digest = ?', key).changes > 0;
  if (known) {
    if (body.file !== undefined) removeAfterCommit(db, body.file);
    return;
  }
  const contentId = body.bytes ? db.run('INSERT INTO contents (bytes) VALUES (?)', body.bytes).lastId : null;
  db.run(
    'INSERT INTO bodies (digest, size_bytes, refs, content_id, file) VALUES (?, ?, 1, ?, ?)',
    key, body.sizeBytes, contentId, body.file ?? null,
  );
}

/** One more reference, e.g. of a mailbox message. Throws Failure `body-missing` when nobody has it any more. */
export function retainBody(db: Database, digest: string): void {
  const { changes } = db.run('UPDATE bodies SET refs = refs + 1 WHERE digest = ?', Buffer.from(digest, 'hex'));
  if (changes === 0) throw new Failure('body-missing', `the content ${digest} is not in the store any more`);
}

/** One reference less; the last one frees the bytes. Releasing what is gone is a bug of the caller, and harmless. */
export function releaseBody(db: Database, digest: string): void {
  const key = Buffer.from(digest, 'hex');
  const row = db.get<BodyRow>('SELECT refs, content_id, file FROM bodies WHERE digest = ?', key);
  if (!row) return;
  if (row.refs > 1) {
    db.run('UPDATE bodies SET refs = refs - 1 WHERE digest = ?', key);
    return;
  }
  db.run('DELETE FROM bodies WHERE digest = ?', key);
  if (row.content_id !== null) db.run('DELETE FROM contents WHERE id = ?', row.content_id);
  if (row.file !== null) removeAfterCommit(db, row.file);
}

/** One reference less for the content of each of these messages, as releaseBody does it for one. */
export function releaseBodiesOf(db: Database, ids: readonly string[]): void {
  const messageIds = JSON.stringify(ids);
  const gone = '(SELECT unhex(content_digest) AS digest, count(*) AS count FROM messages WHERE id IN (SELECT value FROM json_each(?1)) GROUP BY 1) AS gone';
  const removed = db.all<{ contentId: number | null; file: string | null }>(
    `DELETE FROM bodies WHERE digest IN (SELECT gone.digest FROM ${gone} JOIN bodies AS held ON held.digest = gone.digest WHERE held.refs <= gone.count)
     RETURNING content_id AS "contentId", file`,
    messageIds,
  );
  if (removed.length < ids.length) db.run(`UPDATE bodies SET refs = refs - gone.count FROM ${gone} WHERE bodies.digest = gone.digest`, messageIds);
  const contents = removed.map(({ contentId }) => contentId).filter((id) => id !== null);
  db.run('DELETE FROM contents WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(contents.sort((a, b) => a - b)));
  for (const { file } of removed) if (file !== null) removeAfterCommit(db, file);
}

function removeAfterCommit(db: Database, file: string): void {
  const path = bodyPath(dirname(db.path), file);
  db.afterCommit(() => {
    try {
      unlinkSync(path);
    } catch {
      // The sweep at the next start takes what is left.
    }
  });
}

export const bodyWrites = {
  /** For bodies that come with no queue message, e.g. an append to a mailbox. */
  add(db: Database, body: NewBody): void {
    addBody(db, body);
  },
};

export const bodyReads = {
  read(db: Database, digest: string): StoredBody | undefined {
    const row = db.get<{ bytes: Uint8Array | null; file: string | null; sizeBytes: number }>(
      `SELECT contents.bytes AS bytes, bodies.file AS file, bodies.size_bytes AS "sizeBytes"
       FROM bodies LEFT JOIN contents ON contents.id = bodies.content_id WHERE bodies.digest = ?`,
      Buffer.from(digest, 'hex'),
    );
    if (!row) return undefined;
    return row.bytes ? { bytes: row.bytes } : { file: row.file ?? '', sizeBytes: row.sizeBytes };
  },

  /** References to a body, 0 when it is not there: for tests and `verify`. */
  references(db: Database, digest: string): number {
    return db.get<{ refs: number }>('SELECT refs FROM bodies WHERE digest = ?', Buffer.from(digest, 'hex'))?.refs ?? 0;
  },

  /** Is this file (relative to `bodies/`) named by a row? */
  hasFile(db: Database, args: { readonly digest: string; readonly file: string }): boolean {
    return db.get<{ file: string | null }>('SELECT file FROM bodies WHERE digest = ?', Buffer.from(args.digest, 'hex'))?.file === args.file;
  },
};
