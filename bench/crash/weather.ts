/**
 * What befalls the server during a round. Faults of the disk are put in by strace at the running process's system calls,
 * so that they are the kernel's answers as far as the server can tell; a full disk is a full tmpfs.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sleepReal } from './waiting.ts';

export interface Weather {
  readonly name: string;
  readonly summary: string;
  /** What this machine lacks for it, as a sentence; undefined when nothing. */
  missing(): string | undefined;
  /** The data directory must lie on a disk of its own. */
  readonly ownDisk?: true;
  /** The server runs in a process that strikes itself (struck-server.ts). */
  readonly within?: 'clock' | 'threads';
  /** Settings beside the usual ones, as TOML. */
  readonly settings?: string;
  /** Half of the mail is forwarded. */
  readonly forwarding?: true;
  /** Acts on the running server for about `forMs`; resolves when it is over, with the server alive or not. */
  strike(server: ChildProcess, forMs: number, dataDir: string): Promise<void>;
}

const has = (command: string): boolean => spawnSync('which', [command]).status === 0;

/** Makes these system calls of the process fail for a while. */
async function inject(server: ChildProcess, calls: string, error: string, forMs: number): Promise<void> {
  const args = ['-f', '-qq', '-p', String(server.pid), '-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}`, '-o', '/dev/null'];
  const tracer = spawn('strace', args, { stdio: 'ignore' });
  const gone = once(tracer, 'exit');
  await Promise.race([sleepReal(forMs), gone]);
  tracer.kill('SIGINT');
  await gone;
}

const needsStrace = (): string | undefined => (has('strace') ? undefined : 'strace is missing (apt-get install strace)');
const needsRoot = (): string | undefined => (process.getuid?.() === 0 ? undefined : 'mounting a tmpfs needs root');

export const WEATHERS: readonly Weather[] = [
  { name: 'kill', summary: 'kill -9 at a random moment', missing: () => undefined, strike: (_server, forMs) => sleepReal(forMs) },
  { name: 'kill-one-thread', summary: 'the same with sessions in the main thread', settings: '[smtp]\nthreads = 0\n', missing: () => undefined, strike: (_server, forMs) => sleepReal(forMs) },
  { name: 'forwarding', summary: 'kill -9 while half of the mail goes through an alias: sealed, several items in a commit', forwarding: true, missing: () => undefined, strike: (_server, forMs) => sleepReal(forMs) },
  {
    name: 'full-disk',
    summary: 'the disk is full to the last byte for a while, then kill -9',
    missing: needsRoot,
    ownDisk: true,
    async strike(_server, forMs, dataDir) {
      await sleepReal(forMs / 3);
      const filler = join(dataDir, '..', 'filler');
      fillDisk(filler);
      await sleepReal(forMs / 3);
      // Now and then it dies while the disk is still full; the next start finds room again.
      rmSync(filler, { force: true });
      await sleepReal(forMs / 3);
    },
  },
  {
    name: 'failing-sync',
    summary: 'fsync and fdatasync answer EIO for a while, then kill -9',
    missing: needsStrace,
    strike: async (server, forMs) => {
      await sleepReal(forMs / 2);
      await inject(server, 'fsync,fdatasync', 'EIO', forMs / 2);
    },
  },
  {
    name: 'read-only',
    summary: 'every write to a file answers EROFS for a while, then kill -9',
    missing: needsStrace,
    strike: async (server, forMs) => {
      await sleepReal(forMs / 2);
      await inject(server, 'pwrite64,ftruncate,fallocate', 'EROFS', forMs / 2);
      await sleepReal(forMs / 4);
    },
  },
  { name: 'clock', summary: 'the clock jumps by hours, back and forth, then kill -9', missing: () => undefined, within: 'clock', strike: (_server, forMs) => sleepReal(forMs) },
  { name: 'threads', summary: 'threads throw or end, now this one, now that, then kill -9', missing: () => undefined, within: 'threads', strike: (_server, forMs) => sleepReal(2 * forMs) },
];

function fillDisk(file: string): void {
  const block = Buffer.alloc(64 * 1024, 1);
  const handle = openSync(file, 'a');
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(file);
      writeSync(handle, block, 0, Math.max(1, Math.min(block.length, bavail * bsize)));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(handle);
  }
}

/** A tmpfs of this size; returns how to take it away. */
export function mountDisk(path: string, mebibytes: number): () => void {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot mount a tmpfs: ${stderr}`);
  return () => void spawnSync('umount', ['-l', path]);
}
