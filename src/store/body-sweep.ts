/**
 * At start: removes body files that no row names. They are left by a crash between writing a file and committing its
 * row, or between the commit that released a body and the removal of its file; nobody was told of either.
 */
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { keyOfFile } from './body-path.ts';
import type { Database } from './database.ts';
import { bodyReads } from './ops/bodies.ts';

/** Runs before the thread serves anybody, so that nothing is being written. Returns how many it removed. */
export function sweepBodies(db: Database, dataDir: string): number {
  const root = join(dataDir, 'bodies');
  let removed = 0;
  for (const folder of readdirSync(root)) {
    for (const name of readdirSync(join(root, folder))) {
      const digest = folder === 'new' ? undefined : keyOfFile(name);
      if (digest && bodyReads.hasFile(db, { digest, file: `${folder}/${name}` })) continue;
      unlinkSync(join(root, folder, name));
      removed += 1;
    }
  }
  return removed;
}
