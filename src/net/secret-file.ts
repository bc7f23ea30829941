/**
 * Files that hold one secret alone: read whole, with or without a line end behind it, and replaced in one step, so that
 * a crash leaves the old secret or the new one. Errors name the file, never what is in it.
 */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RELAY_LIMITS } from '../base/limits.ts';

/** The content without its last line end; rejects with a sentence that names the file. */
export async function readSecret(file: string, what: string): Promise<string> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${what} ${file} (${cause.code})`, { cause });
  });
  try {
    const buffer = Buffer.alloc(RELAY_LIMITS.secretFileBytesMax + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead > RELAY_LIMITS.secretFileBytesMax) throw new Error(`${what} ${file} is too large to be a secret`);
    const secret = buffer.toString('utf8', 0, bytesRead).replace(/\r?\n$/, '');
    if (secret === '') throw new Error(`${what} ${file} is empty`);
    return secret;
  } finally {
    await handle.close();
  }
}

/** The new file has mode 0600. Rejects when the folder cannot be written; the old secret is then still there. */
export async function replaceSecret(file: string, secret: string): Promise<void> {
  // A link stays one: what it leads to is replaced.
  const target = await realpath(file);
  const temporary = join(dirname(target), `.secret-${randomBytes(8).toString('hex')}`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${secret}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
