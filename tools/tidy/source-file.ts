/**
 * One source file as the structure check sees it: its path, its text, and what it imports.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';

export interface SourceFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Paths of project files this one imports, types and dynamic imports and worker URLs included. */
  readonly imports: readonly string[];
}

const SKIPPED = new Set(['node_modules', '.git', 'docs', 'dist']);
/** Holds planted violations as text. */
const PLANTED = 'tidy.test.ts';

/** Every TypeScript file below `root`, in order of path. */
export function readSourceFiles(root: string): SourceFile[] {
  const found: SourceFile[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.ts') && entry.name !== PLANTED) found.push(sourceFile(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')));
    }
  };
  walk(root);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function sourceFile(path: string, text: string): SourceFile {
  const imports = new Set<string>();
  for (const specifier of specifiers(withoutComments(text))) {
    if (specifier.startsWith('.')) imports.add(posix.normalize(posix.join(dirname(path), specifier)));
  }
  return { path, text, imports: [...imports] };
}

/** `import … from 'x'`, `export … from 'x'`, `import('x')`, `import 'x'`, `new URL('x', import.meta.url)`. */
const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\bnew URL\(\s*)(['"])([^'"\n]+)\1/g;

function* specifiers(text: string): Iterable<string> {
  for (const match of text.matchAll(SPECIFIER)) yield match[2] as string;
}

/** Comments name files, too; only code counts. Strings that hold comment marks are rare enough here to be left alone. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '');
}
