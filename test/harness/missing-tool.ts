/** For tests with clients that a fresh machine lacks: why to skip, or false when the program is there. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export function missingTool(name: string): string | false {
  const there = (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return there ? false : `${name} is not installed`;
}
