/**
 * Makes one backup of a data directory, also while a server works in it: the database as of one moment, then every file
 * that this database names. Bodies are copied first, so that few can come and go meanwhile; when one did, the database is
 * taken anew. Only what the repository does not have yet is written.
 */
import { createHash } from 'node:crypto';
import { open, readdir, realpath, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { Failure } from '../../base/errors.ts';
import { TRANSFER_LIMITS } from '../../base/transfer-limits.ts';
import { digestInKey } from '../../mail/content-key.ts';
import { bodyPath, keyOfFile } from '../../store/body-path.ts';
import type { Manifest, StoredFile } from './manifest.ts';
import type { Repository } from './repository.ts';

export interface SnapshotOptions {
  readonly dataDir: string;
  readonly configFile?: string;
  readonly clock: { now(): number };
  readonly onProgress?: (text: string) => void;
}

export interface SnapshotResult {
  readonly manifest: Manifest;
  /** Written by this run; all else was there from earlier ones. */
  readonly newBytes: number;
  readonly totalBytes: number;
}

/** Derived, or of the running process alone. */
const NOT_KEPT = /^(?:posthorn\.db.*|search\.db.*|run|bodies|incoming|uploads|reserve)$/;
/** All pages in one step: other processes may write meanwhile without starting it over. */
const EVERY_PAGE = 0x7fff_ffff;

/** Rejects with Failure `store-missing`, `backup-restless` (files kept vanishing). */
export async function takeSnapshot(repository: Repository, options: SnapshotOptions): Promise<SnapshotResult> {
  const { dataDir, onProgress } = options;
  const count = { newBytes: 0 };
  onProgress?.('bodies of messages');
  for await (const file of bodyFilesThere(dataDir)) await keepBody(repository, dataDir, file, count).catch(ignoreGone);
  for (let tries = 1; tries <= TRANSFER_LIMITS.backupTriesMax; tries += 1) {
    onProgress?.('the database');
    const copy = repository.scratch();
    try {
      const createdAt = options.clock.now();
      await copyDatabase(dataDir, copy);
      const named = bodiesNamed(copy);
      const bodies = await keepAll(repository, dataDir, named, count);
      if (!bodies) continue;
      return await finish(repository, options, { copy, bodies, createdAt, count });
    } finally {
      await rm(copy, { force: true });
    }
  }
  throw new Failure('backup-restless', 'messages came and went too fast to be backed up: try again');
}

interface Taken {
  readonly copy: string;
  readonly bodies: readonly StoredFile[];
  readonly createdAt: number;
  readonly count: { newBytes: number };
}

async function finish(repository: Repository, { dataDir, configFile }: SnapshotOptions, { copy, bodies, createdAt, count }: Taken): Promise<SnapshotResult> {
  const database = await keepDatabase(repository, copy, count);
  const files: StoredFile[] = [];
  for await (const path of otherFiles(dataDir, dataDir, await realpath(repository.root))) {
    const file = await keepFile(repository, dataDir, path, count);
    if (file) files.push(file);
  }
  const kept = configFile === undefined || configFile === '' ? undefined : await keepFile(repository, '/', configFile, count);
  const configuration = kept && configFile !== undefined ? { path: configFile, digest: kept.digest } : undefined;
  const manifest: Manifest = {
    format: 1,
    id: new Date(createdAt).toISOString().replaceAll(/[:.]/g, '-'),
    createdAt,
    database,
    bodies,
    files,
    ...(configuration ? { configuration } : {}),
    counts: countsOf(copy),
  };
  await repository.putManifest(manifest);
  const totalBytes = database.sizeBytes + [...bodies, ...files].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { manifest, newBytes: count.newBytes, totalBytes };
}

async function copyDatabase(dataDir: string, target: string): Promise<void> {
  const path = join(dataDir, 'posthorn.db');
  if (!(await stat(path).catch(() => undefined))) throw new Failure('store-missing', `${dataDir} has no posthorn.db: check data-dir`, { temporary: false });
  const source = new DatabaseSync(path, { readOnly: true, timeout: TRANSFER_LIMITS.backupBusyMs });
  try {
    await backup(source, target, { rate: EVERY_PAGE });
  } finally {
    source.close();
  }
}

async function* bodyFilesThere(dataDir: string): AsyncIterable<string> {
  for (const folder of await readdir(join(dataDir, 'bodies')).catch(() => [])) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    for (const name of await readdir(join(dataDir, 'bodies', folder)).catch(() => [])) yield `${folder}/${name}`;
  }
}

function bodiesNamed(copy: string): readonly { readonly file: string; readonly sizeBytes: number }[] {
  return reading(copy, (db) => db.prepare('SELECT file, size_bytes AS "sizeBytes" FROM bodies WHERE file IS NOT NULL').all() as { file: string; sizeBytes: number }[]);
}

function countsOf(copy: string): Manifest['counts'] {
  return reading(copy, (db) => {
    const count = (sql: string): number => Number((db.prepare(sql).get() as { count: number }).count);
    // Backed up by a newer program, before it takes the data directory over.
    const older = count("SELECT count(*) AS count FROM sqlite_master WHERE name = 'folder_messages'") === 0;
    const messages = count(older ? 'SELECT count(*) AS count FROM mailbox_messages' : 'SELECT count(*) AS count FROM folder_messages');
    return { accounts: count('SELECT count(*) AS count FROM accounts'), messages };
  });
}

function reading<T>(path: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** Undefined when one of them vanished meanwhile. */
async function keepAll(repository: Repository, dataDir: string, named: readonly { readonly file: string; readonly sizeBytes: number }[], count: { newBytes: number }): Promise<readonly StoredFile[] | undefined> {
  const bodies: StoredFile[] = [];
  for (const { file, sizeBytes } of named) {
    const digest = digestInName(file) ?? '';
    try {
      await keepBody(repository, dataDir, file, count);
    } catch (error) {
      ignoreGone(error);
      return undefined;
    }
    bodies.push({ path: relative(dataDir, bodyPath(dataDir, file)), digest, sizeBytes, mode: 0o600 });
  }
  return bodies;
}

/** The name of a body's file says its digest. */
async function keepBody(repository: Repository, dataDir: string, file: string, count: { newBytes: number }): Promise<void> {
  const digest = digestInName(file);
  if (digest === undefined) return;
  const path = bodyPath(dataDir, file);
  if (await repository.putFile(path, digest)) count.newBytes += (await stat(repository.objectPath(digest))).size;
}

/** A body may be let go at any moment: then no database that is taken later names it. */
function ignoreGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

async function keepDatabase(repository: Repository, path: string, count: { newBytes: number }): Promise<Manifest['database']> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const pieces: string[] = [];
    for (let at = 0; at < size; at += TRANSFER_LIMITS.backupPieceBytes) {
      const piece = Buffer.allocUnsafe(Math.min(TRANSFER_LIMITS.backupPieceBytes, size - at));
      await file.read(piece, 0, piece.length, at);
      const digest = createHash('sha256').update(piece).digest('hex');
      if (await repository.putPiece(piece, digest)) count.newBytes += (await stat(repository.objectPath(digest))).size;
      pieces.push(digest);
    }
    return { sizeBytes: size, pieces };
  } finally {
    await file.close();
  }
}

/** Keys, certificates, mail handed to the `sendmail` drop-in: whatever else is in the data directory, but for the backups. */
async function* otherFiles(dataDir: string, folder: string, backups: string): AsyncIterable<string> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(nothingIfGone)) {
    if (folder === dataDir && NOT_KEPT.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if ((await realpath(path).catch(() => path)) !== backups) yield* otherFiles(dataDir, path, backups);
    } else if (entry.isFile()) yield path;
  }
}

function nothingIfGone(error: unknown): [] {
  ignoreGone(error);
  return [];
}

/** Undefined when it is gone: mail of the drop-in comes and goes. What is written meanwhile is kept as it was at some moment. */
async function keepFile(repository: Repository, base: string, path: string, count: { newBytes: number }): Promise<StoredFile | undefined> {
  try {
    const { mode } = await stat(path);
    const { digest, sizeBytes, isNew } = await repository.putChangingFile(path);
    if (isNew) count.newBytes += sizeBytes;
    return { path: relative(base, path), digest, sizeBytes, mode: mode & 0o777 };
  } catch (error) {
    ignoreGone(error);
    return undefined;
  }
}

/** The SHA-256 that the name of a body's file says; undefined for names that are none of ours. */
function digestInName(file: string): string | undefined {
  const key = keyOfFile(file.slice(file.indexOf('/') + 1));
  return key === undefined ? undefined : digestInKey(key);
}
