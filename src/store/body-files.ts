/**
 * Large bodies as files. Order of steps, so that a row never names what a crash could take: write to `bodies/new/`,
 * sync the file, rename it to its place, sync the folder; only then may the row be committed.
 */
import { open, mkdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { ByteSource } from '../base/byte-source.ts';
import { Failure } from '../base/errors.ts';
import { bodyFileName, bodyPath } from './body-path.ts';

/** Returns the name for the row. Rejects with Failure `store-full` or `store-failed`; then nothing is left behind. */
export async function writeBodyFile(dataDir: string, digest: string, content: ByteSource): Promise<string> {
  const suffix = randomBytes(8).toString('hex');
  const file = bodyFileName(digest, suffix);
  const temporary = join(dataDir, 'bodies', 'new', suffix);
  try {
    await writeSynced(temporary, content);
    const folder = dirname(bodyPath(dataDir, file));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Also when it is there: who made it may have failed to sync it.
    await syncFolder(join(dataDir, 'bodies'));
    await rename(temporary, bodyPath(dataDir, file));
    await syncFolder(folder);
    return file;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    await removeBodyFile(dataDir, file);
    throw failureOf(error);
  }
}

/** For a file whose row was not committed after all. */
export async function removeBodyFile(dataDir: string, file: string): Promise<void> {
  await rm(bodyPath(dataDir, file), { force: true }).catch(() => {});
}

async function writeSynced(path: string, content: ByteSource): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    let writtenBytes = 0;
    for await (const chunk of content.chunks()) {
      await writeWhole(handle, chunk);
      writtenBytes += chunk.length;
    }
    // What is acknowledged is what was announced, not what happened to be left of it.
    if (writtenBytes !== content.size) throw new Error(`the content ended after ${writtenBytes} of ${content.size} bytes`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A disk that becomes full in the middle of a write takes a part of it and reports no error: only the next write does. */
async function writeWhole(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    if (bytesWritten === 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function failureOf(error: unknown): Failure {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Failure('store-full', 'there is no space left on the disk of the data directory', { cause: error });
  return new Failure('store-failed', 'the content could not be written to disk', { cause: error });
}
