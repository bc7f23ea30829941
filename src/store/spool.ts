/**
 * The folder where `sendmail` leaves messages while no server takes them, as the server sees it.
 *
 * Policy: every local user may put files in (mode 1733, as a mail drop: put, but not list), so links, folders and oversized
 * files are not read; damaged files are moved to `spool/damaged/` for a person to look at, never deleted. A file is removed
 * only by the caller's `remove`, after its message is in the queue: a crash between the two delivers twice, never loses.
 */
import { constants } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BufferSource, type ByteSource } from '../base/byte-source.ts';
import { decodeSpoolFile, type SpoolEnvelope } from '../mail/spool-file.ts';

export interface SpooledMessage {
  readonly kind: 'message';
  readonly path: string;
  readonly envelope: SpoolEnvelope;
  readonly content: ByteSource;
  /** Call when the message is durable in the queue. */
  remove(): Promise<void>;
  /** Call when it was refused for good: keeps it for a person to look at; where. */
  setAside(): Promise<string>;
}

export interface DamagedSpoolFile {
  readonly kind: 'damaged';
  /** Where it was moved to. */
  readonly path: string;
  readonly reason: string;
}

/** Addresses of many recipients stand in front of the content. */
const ENVELOPE_BYTES_MAX = 16 * 1024 * 1024;

export function spoolFolder(dataDir: string): string {
  return join(dataDir, 'spool', 'maildrop');
}

/**
 * Makes the folders so that every local user can hand in mail (the drop, and the socket in `run/`) and nobody can read what
 * others handed in. Everything else in the data directory loses its permissions for others before the way in is opened.
 */
export async function prepareSpool(dataDir: string): Promise<void> {
  await mkdir(join(dataDir, 'run'), { recursive: true });
  await closeEntries(dataDir, ['run', 'spool']);
  await closeEntries(join(dataDir, 'run'), ['submit.sock']);
  await mkdir(spoolFolder(dataDir), { recursive: true });
  await mkdir(join(dataDir, 'spool', 'damaged'), { recursive: true, mode: 0o700 });
  for (const way of [dataDir, join(dataDir, 'run'), join(dataDir, 'spool')]) await chmod(way, 0o711);
  await chmod(spoolFolder(dataDir), 0o1733);
}

async function closeEntries(folder: string, except: readonly string[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (except.includes(entry.name) || entry.isSymbolicLink()) continue;
    const path = join(folder, entry.name);
    try {
      await chmod(path, (await stat(path)).mode & 0o700);
    } catch (error) {
      // The database engine has files that come and go.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Whole files in the order of their names, which is that of their arrival; at most `contentBytesMax` of content each. */
export async function* readSpool(
  dataDir: string,
  options: { readonly contentBytesMax: number },
): AsyncGenerator<SpooledMessage | DamagedSpoolFile> {
  const folder = spoolFolder(dataDir);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((candidate) => candidate.endsWith('.mail')).sort()) {
    const path = join(folder, name);
    const bytes = await readPlainFile(path, options.contentBytesMax + ENVELOPE_BYTES_MAX);
    if (typeof bytes === 'string') {
      yield await setAside(dataDir, path, bytes);
      continue;
    }
    const decoded = decodeSpoolFile(bytes);
    if (decoded.kind === 'damaged') {
      yield await setAside(dataDir, path, decoded.reason);
      continue;
    }
    const content = new BufferSource(bytes.subarray(decoded.contentOffset));
    yield { kind: 'message', path, envelope: decoded.envelope, content, remove: () => unlink(path), setAside: async () => (await setAside(dataDir, path, 'refused')).path };
  }
}

/** The bytes, or the reason why they are not read. */
async function readPlainFile(path: string, bytesMax: number): Promise<Buffer | string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => error.code ?? 'unreadable');
  if (typeof file === 'string') return `cannot be opened (${file})`;
  try {
    const facts = await file.stat();
    if (!facts.isFile() || facts.nlink > 1) return 'is no plain file';
    if (facts.size > bytesMax) return `is larger than ${bytesMax} bytes`;
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function setAside(dataDir: string, path: string, reason: string): Promise<DamagedSpoolFile> {
  const folder = join(dataDir, 'spool', 'damaged');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const target = join(folder, basename(path));
  await rename(path, target);
  return { kind: 'damaged', path: target, reason };
}
