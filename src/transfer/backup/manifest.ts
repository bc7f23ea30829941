/** What a backup is made of: the list of pieces and files by their SHA-256, written last. It names nothing outside. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, normalize } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();
const storedFile = z.object({
  /** Relative to the data directory. */
  path: z.string().min(1).refine((path) => !isAbsolute(path) && !normalize(path).startsWith('..'), 'leads out of the data directory'),
  /** SHA-256, hex. */
  digest,
  sizeBytes: count,
  /** Permission bits. */
  mode: count,
});
const manifest = z.object({
  format: z.literal(1),
  id: z.string().min(1),
  /** Milliseconds since 1970: everything is as it was then. */
  createdAt: count,
  /** Pieces are of TRANSFER_LIMITS.backupPieceBytes, the last one shorter. */
  database: z.object({ sizeBytes: count, pieces: z.array(digest).readonly() }),
  bodies: z.array(storedFile).readonly(),
  files: z.array(storedFile).readonly(),
  /** The configuration file, with its path. */
  configuration: z.object({ path: z.string(), digest }).optional(),
  counts: z.object({ accounts: count, messages: count }),
});

export type StoredFile = Readonly<z.infer<typeof storedFile>>;
export type Manifest = Readonly<z.infer<typeof manifest>>;

/** Rejects with a permanent Failure `backup-damaged` when it is not what we write: somebody may have changed it. */
export async function readManifest(path: string): Promise<Manifest> {
  const text = await readFile(path, 'utf8');
  try {
    return manifest.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)[0] : 'it is not JSON';
    throw new Failure('backup-damaged', `${path} is no backup of posthorn (${why}): move it away`, { temporary: false, cause: error });
  }
}
