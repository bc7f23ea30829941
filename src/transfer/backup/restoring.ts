/**
 * Makes a data directory of a backup again, and proves that it is one: every piece is what its name says, the database is
 * sound, every reference and counter in it true, every body there.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { Database } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { migrations } from '../../store/migrations/all.ts';
import { integrityReads } from '../../store/ops/integrity.ts';
import type { Manifest, StoredFile } from './manifest.ts';
import { digestOfFile, type Repository } from './repository.ts';

/** Throws a permanent Failure `no-backup`. `id` undefined: the newest. */
export async function findManifest(repository: Repository, id?: string): Promise<Manifest> {
  const manifests = await repository.manifests();
  const found = id === undefined ? manifests.at(-1) : manifests.find((manifest) => manifest.id === id);
  if (found) return found;
  throw new Failure('no-backup', id === undefined ? `${repository.root} holds no whole backup yet` : `${repository.root} holds no backup ${id}`, { temporary: false });
}

export interface RestoreOptions {
  /** A folder that does not exist yet or is empty; becomes the data directory. */
  readonly target: string;
  /** Links instead of copies: for a look at it, never for a server. Default false. */
  readonly linked?: boolean;
  readonly onProgress?: (text: string) => void;
}

/** Rejects with Failure `target-not-empty`, `backup-damaged`. */
export async function restoreTo(repository: Repository, manifest: Manifest, { target, linked, onProgress }: RestoreOptions): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  if ((await readdir(target)).length > 0) throw new Failure('target-not-empty', `${target} is not empty: name a new folder`, { temporary: false });
  onProgress?.('the database');
  await writeDatabase(repository, manifest, join(target, 'posthorn.db'));
  const all = [...manifest.bodies, ...manifest.files];
  for (const [at, file] of all.entries()) {
    if (at % 100 === 0) onProgress?.(`file ${at + 1} of ${all.length}`);
    await giveFile(repository, target, file, linked ?? false);
  }
}

async function writeDatabase(repository: Repository, { database }: Manifest, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (const digest of database.pieces) await file.appendFile(await sound(repository, digest, () => repository.readPiece(digest)));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What turns out to be damaged is discarded. */
async function sound<T>(repository: Repository, digest: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Failure && error.code === 'backup-damaged') await repository.discard(digest);
    throw error;
  }
}

/** Paths come from a file that somebody may have changed: none leads out of the target. */
async function giveFile(repository: Repository, target: string, { path, digest, mode }: StoredFile, linked: boolean): Promise<void> {
  const place = normalize(path);
  if (place.startsWith('..') || place.startsWith('/')) throw new Failure('backup-damaged', `the backup names a file outside of the data directory: ${path}`, { temporary: false });
  const full = join(target, place);
  await mkdir(dirname(full), { recursive: true, mode: 0o700 });
  await repository.giveFile(digest, full, linked ? 'link' : 'copy');
  if (linked) return;
  await chmod(full, mode & 0o777);
  if ((await digestOfFile(full)) === digest) return;
  await repository.discard(digest);
  throw new Failure('backup-damaged', `the backup is damaged: ${path} is not what it was; use another backup`, { temporary: false });
}

/** The configuration file as it was. */
export async function readConfiguration(repository: Repository, { configuration }: Manifest): Promise<Buffer | undefined> {
  if (!configuration) return undefined;
  const bytes = await readFile(repository.objectPath(configuration.digest)).catch(() => Buffer.alloc(0));
  if (createHash('sha256').update(bytes).digest('hex') !== configuration.digest) throw new Failure('backup-damaged', 'the backup is damaged: the configuration is not what it was', { temporary: false });
  return bytes;
}

/**
 * Restores to a place aside and looks at all of it; gives one sentence for each thing that is wrong. `bodies` also reads
 * every body again, which takes as long as reading all mail.
 */
export async function checkBackup(repository: Repository, manifest: Manifest, { bodies, onProgress }: { readonly bodies: boolean; readonly onProgress?: (text: string) => void }): Promise<readonly string[]> {
  const target = repository.scratch();
  try {
    await restoreTo(repository, manifest, { target, linked: true, ...(onProgress ? { onProgress } : {}) });
    onProgress?.('looking at the restored database');
    const problems = [...problemsOf(target)];
    for (const [at, { path, digest }] of (bodies ? manifest.bodies : []).entries()) {
      if (at % 100 === 0) onProgress?.(`body ${at + 1} of ${manifest.bodies.length}`);
      if ((await digestOfFile(join(target, path))) === digest) continue;
      await repository.discard(digest);
      problems.push(`${path} is not what it was; the next backup keeps it anew if the server still has it`);
    }
    return problems;
  } catch (error) {
    if (error instanceof Failure && error.code === 'backup-damaged') return [error.message];
    throw error;
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

/** A restored copy of an older program's store is brought up to date, as a server would. Throws Failure `store-newer`. */
export function bringUpToDate(dataDir: string): void {
  const db = new Database(join(dataDir, 'posthorn.db'));
  try {
    migrate(db, migrations, Date.now());
  } finally {
    db.close();
  }
}

function problemsOf(dataDir: string): readonly string[] {
  try {
    bringUpToDate(dataDir);
  } catch (error) {
    if (error instanceof Failure) throw error;
    return [`the database cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
  const db = new Database(join(dataDir, 'posthorn.db'), { readOnly: true });
  try {
    return db.readTogether(() => integrityReads.problems(db));
  } finally {
    db.close();
  }
}
