/**
 * The program on the disk, as it was when this server started. Parts of it are loaded when they are first needed; when it was
 * replaced meanwhile, they would be those of another version.
 *
 * Policy: such a part is refused as a temporary failure that says what to do. What is loaded already goes on. Every file of the
 * program counts, so that an upgrade by package, `git pull` or by hand is noticed alike; contents are not read.
 */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../base/errors.ts';

export interface Installation {
  /** `part`: a name of its own for what `load` loads. Rejects with a temporary Failure `program-replaced`. */
  load<T>(part: string, load: () => Promise<T>): Promise<T>;
  /** Throws the same when it was replaced: for threads, which begin with nothing loaded. */
  assertSame(): void;
}

/** For servers that live shorter than a version: loads whatever is there. */
export const ANY_INSTALLATION: Installation = { load: (_part, load) => load(), assertSame: () => {} };

/** `root`: the folder of package.json. Takes some 10 ms, and again when a part is loaded for the first time. */
export function watchInstallation(root: string = fileURLToPath(new URL('../../', import.meta.url))): Installation {
  const atStart = markOf(root);
  const loaded = new Set<string>();
  const assertSame = (cause?: unknown): void => {
    if (markOf(root) !== atStart) {
      throw new Failure('program-replaced', 'Posthorn was replaced by another version while this server ran, which cannot do this before it is restarted: systemctl restart posthorn', { cause });
    }
  };
  return {
    assertSame: () => assertSame(),
    async load(part, load) {
      if (loaded.has(part)) return load();
      assertSame();
      try {
        const found = await load();
        // Replaced in the middle of loading.
        assertSame();
        loaded.add(part);
        return found;
      } catch (error) {
        assertSame(error);
        throw error;
      }
    },
  };
}

/** Libraries are those of npm's own list of what is installed. */
function markOf(root: string): string {
  const mark = createHash('sha256');
  const add = (file: string): void => {
    const stats = statSync(file, { throwIfNoEntry: false });
    mark.update(stats ? `${file}\0${stats.ino} ${stats.mtimeMs} ${stats.size}\n` : '\n');
  };
  for (const file of ['package.json', 'node_modules/.package-lock.json']) add(join(root, file));
  for (const file of sourcesBelow(join(root, 'src'))) add(file);
  return mark.digest('hex');
}

/** In the order of the folders, which stays while nothing is changed. A folder that is gone has none. */
function sourcesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourcesBelow(path);
      return path.endsWith('.ts') && !path.endsWith('.test.ts') ? [path] : [];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
