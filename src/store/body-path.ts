/** Where large bodies lie: `<data-dir>/bodies/<two characters>/<digest>.<suffix>`; half-written ones in `bodies/new/`. */
import { join } from 'node:path';

/** `file` is the name kept in the row: `ab/abcd….suffix`. */
export function bodyPath(dataDir: string, file: string): string {
  return join(dataDir, 'bodies', file);
}

/** A name nobody else uses: `suffix` is unique per write. */
export function bodyFileName(digest: string, suffix: string): string {
  return `${digest.slice(0, 2)}/${digest}.${suffix}`;
}

/** The digest of a body file's base name, or undefined when it is none of ours. */
export function digestOfFile(baseName: string): string | undefined {
  return /^([0-9a-f]{64})\.[0-9a-z]{1,64}$/.exec(baseName)?.[1];
}
