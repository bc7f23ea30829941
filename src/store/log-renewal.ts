/**
 * Makes the log of a database durable again before anything is built upon it.
 *
 * After a failed sync the kernel takes the pages that it could not write for clean: they can be read, the next sync
 * succeeds, and they are on no disk. A process that comes after such a one (it was killed, or closed the database) reads
 * a whole log, appends to it and syncs its own part; when the power goes, the log ends at the hole, and what was
 * acknowledged behind it is lost. So whoever opens a log that is not empty writes it over with its own bytes, which makes
 * every page dirty, and syncs: that answer is true. It needs no space, and after an orderly end there is no log.
 */
import { closeSync, constants, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const BLOCK_BYTES = 1024 * 1024;

/** `path` is that of the database. Throws when the disk does not take it: then nothing may be acknowledged. Returns the bytes written over. */
export function renewLog(path: string): number {
  const log = openLog(`${path}-wal`);
  if (log === undefined) return 0;
  try {
    const bytes = writeOver(log);
    if (bytes === 0) return 0;
    fsyncSync(log);
    syncFolder(dirname(path));
    return bytes;
  } finally {
    closeSync(log);
  }
}

function openLog(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeOver(file: number): number {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let at = 0;
  for (;;) {
    const read = readSync(file, block, 0, block.length, at);
    if (read === 0) return at;
    for (let done = 0; done < read; ) done += writeSync(file, block, done, read - done, at + done);
    at += read;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
