/**
 * The rules of the structure check. Each takes all files and names what breaks it; none changes anything.
 */
import { LAYERS, layerOf } from './layers.ts';
import type { SourceFile } from './source-file.ts';

export interface Violation {
  readonly rule: 'layer' | 'cycle' | 'dead' | 'missing' | 'size' | 'name' | 'empty';
  readonly path: string;
  readonly message: string;
}

const LINES_MAX = 600;
/** A file that is only data says so in its first lines and may be longer. */
const DATA_TABLE_MARK = 'A data table';
const VAGUE_NAMES = /^(utils?|common|helpers?|manager|misc|shared)(\.test)?$/;

const isTest = (path: string): boolean => path.endsWith('.test.ts');
/** Where reading starts: what people, tests and tools run. */
const isRoot = (path: string): boolean =>
  path === 'src/main.ts' || path.startsWith('tools/') || path.startsWith('bench/') || isTest(path);

export function checkAll(files: readonly SourceFile[]): Violation[] {
  if (files.length === 0) return [{ rule: 'empty', path: '.', message: 'no source files were read: nothing was checked' }];
  return [checkLayers, checkMissing, checkCycles, checkDead, checkSizes, checkNames].flatMap((rule) => rule(files));
}

export function checkLayers(files: readonly SourceFile[]): Violation[] {
  const checked = files.filter((file) => !isTest(file.path));
  return checked.flatMap((file) => file.imports.filter((target) => target.endsWith('.ts')).flatMap((target) => layerViolation(file.path, target)));
}

function layerViolation(from: string, to: string): Violation[] {
  const source = layerOf(from);
  if (!source) return [];
  const broken = (message: string): Violation[] => [{ rule: 'layer', path: from, message }];
  const target = layerOf(to);
  if (!target) return broken(`imports ${to}, which is outside src/`);
  const allowed = LAYERS[source.layer];
  if (!allowed) return broken(`is in a folder that the table of layers does not know: ${source.layer}`);
  if (source.layer !== target.layer) {
    return allowed.includes(target.layer) ? [] : broken(`${source.layer} may not import ${target.layer} (${to})`);
  }
  return source.stage === target.stage ? [] : broken(`a stage may not import a sibling stage (${to})`);
}

export function checkMissing(files: readonly SourceFile[]): Violation[] {
  const known = new Set(files.map((file) => file.path));
  return files.flatMap((file) =>
    file.imports
      .filter((target) => target.endsWith('.ts') && !known.has(target))
      .map((target): Violation => ({ rule: 'missing', path: file.path, message: `imports ${target}, which does not exist` })),
  );
}

/** Depth-first search; each cycle is named once, by the import that closes it. */
export function checkCycles(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const trail: string[] = [];
  const found: Violation[] = [];
  const visit = (path: string): void => {
    if (done.has(path)) return;
    const at = trail.indexOf(path);
    if (at >= 0) {
      found.push({ rule: 'cycle', path, message: `import cycle: ${[...trail.slice(at), path].join(' → ')}` });
      return;
    }
    trail.push(path);
    for (const target of byPath.get(path)?.imports ?? []) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const file of files) visit(file.path);
  return found;
}

/** A file of src/ or test/ that nothing reaches except its own test is dead. */
export function checkDead(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const queue = files.filter((file) => isRoot(file.path)).map((file) => file.path);
  const ownTests = new Map(files.filter((file) => isTest(file.path)).map((file) => [file.path, file.path.replace(/\.test\.ts$/, '.ts')]));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const target of byPath.get(path)?.imports ?? []) {
      if (ownTests.get(path) !== target) queue.push(target);
    }
  }
  return files
    .filter((file) => !reached.has(file.path) && !file.path.endsWith('.d.ts'))
    .map((file) => ({ rule: 'dead', path: file.path, message: 'nothing imports it' }));
}

export function checkSizes(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const lines = file.text.split('\n').length - 1;
    if (lines <= LINES_MAX || file.text.slice(0, 600).includes(DATA_TABLE_MARK)) return [];
    return [{ rule: 'size', path: file.path, message: `${lines} lines; ${LINES_MAX} at most` } as const];
  });
}

export function checkNames(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const vague = file.path.replace(/\.ts$/, '').split('/').find((part) => VAGUE_NAMES.test(part));
    return vague ? [{ rule: 'name', path: file.path, message: `"${vague}" says nothing: name the noun` } as const] : [];
  });
}
