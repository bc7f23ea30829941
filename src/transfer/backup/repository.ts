/**
 * A folder of backups. What is kept is named by its SHA-256 and there once, however many backups hold it: pieces of the
 * database (compressed), bodies of messages and other files as they are. A backup is one manifest that names them; it is
 * written last, so that a backup is there whole or not at all.
 *
 *     posthorn-backup.json   what this folder is
 *     objects/ab/abcd…       pieces and files
 *     snapshots/ID.json      one backup each
 *     tmp/                   work in progress; removed by the next run
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { Failure } from '../../base/errors.ts';
import { TRANSFER_LIMITS } from '../../base/transfer-limits.ts';
import { type DataDirLock, lockDataDir } from '../../store/lock.ts';
import { readManifest, type Manifest } from './manifest.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const MARKER = 'posthorn-backup.json';

export class Repository {
  readonly root: string;
  readonly #lock: DataDirLock | undefined;

  private constructor(root: string, lock?: DataDirLock) {
    this.root = root;
    this.#lock = lock;
  }

  /**
   * One program at a time. Rejects with a permanent Failure `no-backup` (nothing there, and not to be made), `not-a-backup`
   * (other files are there), `backup-in-use`.
   */
  static async open(root: string, { create }: { readonly create: boolean }): Promise<Repository> {
    const names = await readdir(root).catch(() => undefined);
    if (!names?.includes(MARKER)) {
      if (!create) throw noBackups(root);
      if (names && names.length > 0) throw new Failure('not-a-backup', `${root} holds other files: name a new folder for backups`, { temporary: false });
      for (const name of ['objects', 'snapshots', 'tmp']) await mkdir(join(root, name), { recursive: true, mode: 0o700 });
      await chmod(root, 0o700);
      await writeFile(join(root, MARKER), `${JSON.stringify({ format: 1, id: randomUUID() })}\n`, { mode: 0o600 });
    }
    const lock = await lockDataDir(root, TRANSFER_LIMITS.backupBusyMs).catch((error: unknown) => {
      throw new Failure('backup-in-use', `another command works in ${root} at the moment`, { cause: error });
    });
    const repository = new Repository(root, lock);
    await rm(join(root, 'tmp'), { recursive: true, force: true });
    await mkdir(join(root, 'tmp'), { mode: 0o700 });
    return repository;
  }

  /** To list what is there, also while another program works. Rejects with a permanent Failure `no-backup`. */
  static async look(root: string): Promise<Repository> {
    if (!(await isRepository(root))) throw noBackups(root);
    return new Repository(root);
  }

  close(): void {
    this.#lock?.release();
  }

  /** A new path in tmp/. */
  scratch(): string {
    return join(this.root, 'tmp', randomBytes(8).toString('hex'));
  }

  objectPath(digest: string): string {
    return join(this.root, 'objects', digest.slice(0, 2), digest);
  }

  async has(digest: string): Promise<boolean> {
    return (await stat(this.objectPath(digest)).catch(() => undefined)) !== undefined;
  }

  /** Keeps a piece of the database. True when it is new. */
  async putPiece(bytes: Buffer, digest: string): Promise<boolean> {
    if (await this.has(digest)) return false;
    await this.#place(digest, async (path) => writeFile(path, await compress(bytes), { mode: 0o600 }));
    return true;
  }

  /** Throws a permanent Failure `backup-damaged` when it is not what its name says. */
  async readPiece(digest: string): Promise<Buffer> {
    const bytes = await readFile(this.objectPath(digest)).then((stored) => decompress(stored, { maxOutputLength: TRANSFER_LIMITS.backupPieceBytes })).catch(() => undefined);
    if (!bytes || createHash('sha256').update(bytes).digest('hex') !== digest) throw damaged(digest);
    return bytes;
  }

  /** Keeps a file as it is; its digest is that of its bytes. True when it is new. */
  async putFile(path: string, digest: string): Promise<boolean> {
    if (await this.has(digest)) return false;
    await this.#place(digest, async (target) => {
      await copyFile(path, target);
      await chmod(target, 0o600);
      if ((await digestOfFile(target)) !== digest) throw new Failure('file-changed', `${path} changed while it was copied`);
    });
    return true;
  }

  /** Keeps a file that others may write to: its digest is that of what was copied. Rejects with the system's error when it is not there. */
  async putChangingFile(path: string): Promise<{ readonly digest: string; readonly sizeBytes: number; readonly isNew: boolean }> {
    const copy = this.scratch();
    try {
      await copyFile(path, copy);
      const copied = await digestOfFile(copy);
      return { digest: copied, sizeBytes: (await stat(copy)).size, isNew: await this.putFile(copy, copied) };
    } finally {
      await rm(copy, { force: true });
    }
  }

  /** What is damaged is not there: the next backup writes it again, as long as the server has it. */
  async discard(digest: string): Promise<void> {
    await rm(this.objectPath(digest), { force: true });
  }

  /** Puts a kept file at `target`: linked when the copy is only to be read, else copied. */
  async giveFile(digest: string, target: string, how: 'link' | 'copy'): Promise<void> {
    const source = this.objectPath(digest);
    try {
      if (how === 'link') await link(source, target).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? Promise.reject(error) : copyFile(source, target)));
      else await copyFile(source, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw damaged(digest);
      throw error;
    }
  }

  async putManifest(manifest: Manifest): Promise<void> {
    await writeSynced(join(this.root, 'snapshots', `${manifest.id}.json`), (path) => writeFile(path, JSON.stringify(manifest), { mode: 0o600 }));
  }

  /** Oldest first. Rejects with a permanent Failure `backup-damaged` when one of them was changed. */
  async manifests(): Promise<readonly Manifest[]> {
    const names = (await readdir(join(this.root, 'snapshots'))).filter((name) => name.endsWith('.json'));
    const found = await Promise.all(names.map((name) => readManifest(join(this.root, 'snapshots', name))));
    return found.toSorted((a, b) => a.createdAt - b.createdAt);
  }

  /** Keeps the newest `count` backups, and what they name; gives how many backups and objects went. */
  async prune(count: number): Promise<{ readonly backups: number; readonly objects: number }> {
    const manifests = await this.manifests();
    const kept = manifests.slice(-Math.max(1, count));
    const needed = new Set(kept.flatMap(namedBy));
    const gone = manifests.slice(0, manifests.length - kept.length);
    for (const { id } of gone) await unlink(join(this.root, 'snapshots', `${id}.json`));
    // A backup must not come back after a power failure without what it names.
    await syncFolder(join(this.root, 'snapshots'));
    if (gone.length === 0) return { backups: 0, objects: 0 };
    let objects = 0;
    for (const folder of await readdir(join(this.root, 'objects'))) {
      for (const digest of await readdir(join(this.root, 'objects', folder))) {
        if (needed.has(digest)) continue;
        await unlink(join(this.root, 'objects', folder, digest));
        objects += 1;
      }
    }
    return { backups: gone.length, objects };
  }

  async #place(digest: string, write: (path: string) => Promise<void>): Promise<void> {
    const path = this.objectPath(digest);
    await mkdir(join(this.root, 'objects', digest.slice(0, 2)), { recursive: true, mode: 0o700 });
    await writeSynced(path, write, this.scratch());
  }
}

async function isRepository(root: string): Promise<boolean> {
  return (await stat(join(root, MARKER)).catch(() => undefined)) !== undefined;
}

function noBackups(root: string): Failure {
  return new Failure('no-backup', `${root} holds no backups of posthorn`, { temporary: false });
}

function namedBy({ database, bodies, files, configuration }: Manifest): string[] {
  return [...database.pieces, ...bodies.map(({ digest }) => digest), ...files.map(({ digest }) => digest), ...(configuration ? [configuration.digest] : [])];
}

function damaged(digest: string): Failure {
  return new Failure('backup-damaged', `the backup is damaged: ${digest} is missing or not what it was; use another backup`, { temporary: false });
}

export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

/** The file has its name only when its bytes are on the disk; a full disk keeps no half of it. */
async function writeSynced(path: string, write: (path: string) => Promise<void>, temporary = `${path}.part`): Promise<void> {
  try {
    await write(temporary);
    const file = await open(temporary, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? new Failure('backup-full', `there is no room left for ${path}: make room, or keep fewer backups; those that are there stay`, { cause: error }) : error;
  }
}

/** Some file systems cannot. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
