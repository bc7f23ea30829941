/** Where large bodies lie: `<data-dir>/bodies/<two characters of the SHA-256>/<key>.<suffix>`; half-written ones in `bodies/new/`. */
import { join } from 'node:path';
import { digestInKey, isContentKey } from '../mail/content-key.ts';

/** `file` is the name kept in the row: `ab/abcd….suffix`. */
export function bodyPath(dataDir: string, file: string): string {
  return join(dataDir, 'bodies', file);
}

/** A name nobody else uses: `suffix` is unique per write. */
export function bodyFileName(key: string, suffix: string): string {
  return `${digestInKey(key).slice(0, 2)}/${key}.${suffix}`;
}

/** The key of the content in a body file's base name, or undefined when it is none of ours. */
export function keyOfFile(baseName: string): string | undefined {
  const dot = baseName.indexOf('.');
  const key = baseName.slice(0, Math.max(0, dot));
  return isContentKey(key) && /^[0-9a-z]{1,64}$/.test(baseName.slice(dot + 1)) ? key : undefined;
}
