/**
 * The program on the disk, as it was when this server started. Parts of it are loaded when they are first needed; when it was
 * replaced meanwhile, they would be those of another version.
 *
 * Policy: such a part is refused as a temporary failure that says what to do. What is loaded already goes on.
 */
import { statSync } from 'node:fs';
import { Failure } from '../base/errors.ts';

export interface Installation {
  /** `part`: a name of its own for what `load` loads. Rejects with a temporary Failure `program-replaced`. */
  load<T>(part: string, load: () => Promise<T>): Promise<T>;
  /** Throws the same when it was replaced: for threads, which begin with nothing loaded. */
  assertSame(): void;
}

/** `manifest`: a file that every version brings anew. */
export function createInstallation(manifest: URL = new URL('../../package.json', import.meta.url)): Installation {
  const atStart = markOf(manifest);
  const loaded = new Set<string>();
  const assertSame = (cause?: unknown): void => {
    if (markOf(manifest) !== atStart) {
      throw new Failure('program-replaced', 'Posthorn was replaced by another version while this server ran, which cannot do this before it is restarted: systemctl restart posthorn', { cause });
    }
  };
  return {
    assertSame: () => assertSame(),
    async load(part, load) {
      if (!loaded.has(part)) assertSame();
      try {
        const found = await load();
        loaded.add(part);
        return found;
      } catch (error) {
        assertSame(error);
        throw error;
      }
    },
  };
}

function markOf(manifest: URL): string {
  const stats = statSync(manifest, { throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.mtimeMs} ${stats.size}` : '';
}
