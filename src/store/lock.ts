/**
 * One process per data directory. The lock is an exclusive transaction on a small database of its own: the operating
 * system takes it back when the process dies, however it dies, so that no stale lock is ever left. The pid in a file
 * beside it is only for the message.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import { STORE_LIMITS } from '../base/limits.ts';

export interface DataDirLock {
  release(): void;
}

/**
 * Creates the directory (mode 0700) when missing. Waits `waitMs` for a command that is about to finish; rejects with
 * Failure `data-dir-in-use`, which names the pid that holds it.
 */
export async function lockDataDir(dataDir: string, waitMs: number = STORE_LIMITS.lockWaitMs): Promise<DataDirLock> {
  const run = join(dataDir, 'run');
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const pidFile = join(run, 'pid');
  const deadline = performance.now() + waitMs;
  for (;;) {
    const held = tryLock(join(run, 'lock.db'));
    if (held) {
      writePid(pidFile);
      return {
        release: () => {
          rmSync(pidFile, { force: true });
          held.close();
        },
      };
    }
    if (performance.now() >= deadline) throw inUse(dataDir, pidFile);
    await wait(STORE_LIMITS.lockPollMs);
  }
}

/** The pid that holds a data directory as far as its file says, or undefined. */
export function pidOfHolder(dataDir: string): number | undefined {
  return readPid(join(dataDir, 'run', 'pid'));
}

/** Only for the message: a full disk must not keep a server from starting. */
function writePid(pidFile: string): void {
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    rmSync(pidFile, { force: true });
  }
}

function tryLock(path: string): DatabaseSync | undefined {
  // Whoever may open it may take the lock.
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    const busy = ((error as { errcode?: number }).errcode ?? 0) % 256;
    if (busy === SQLITE_BUSY || busy === SQLITE_LOCKED) return undefined;
    throw error;
  }
}

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

function inUse(dataDir: string, pidFile: string): Failure {
  const pid = readPid(pidFile);
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  return new Failure('data-dir-in-use', `${dataDir} is in use by ${holder}; stop it first, or use another data-dir`);
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'latin1'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
