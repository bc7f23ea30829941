/**
 * Leaves a message in the mail drop for the next start of the server: written under a name that nobody reads, synced,
 * renamed, and the folder synced, so that a message once reported as kept survives a power failure.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSpoolFile, type SpoolEnvelope } from '../../mail/spool-file.ts';

/** The path of the kept file. Rejects with the system's error when the folder cannot be written. */
export async function dropFile(dataDir: string, envelope: SpoolEnvelope, content: Buffer): Promise<string> {
  const folder = join(dataDir, 'spool', 'maildrop');
  const name = `${String(envelope.at).padStart(15, '0')}-${randomBytes(8).toString('hex')}`;
  const temporary = join(folder, `${name}.part`);
  const final = join(folder, `${name}.mail`);
  const file = await createFile(temporary, folder);
  try {
    // The server may run as another user; the folder cannot be listed and the name cannot be guessed.
    await file.chmod(0o644);
    await file.writeFile(encodeSpoolFile(envelope, content));
    await file.sync();
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, final);
  await syncFolder(folder);
  return final;
}

/** Before the first start of the server there is no folder yet; whoever owns the data directory may make it. */
async function createFile(path: string, folder: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(folder, { recursive: true });
    return open(path, 'wx', 0o600);
  }
}

/** The mail drop cannot be listed by other users, who then cannot open it to sync: the rename alone must do for them. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().finally(() => handle.close());
}
