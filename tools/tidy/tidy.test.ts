/** The structure check proves itself: every planted violation is seen, and the tree as it is has none. */
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkAll, type Violation } from './rules.ts';
import { readSourceFiles, sourceFile, type SourceFile } from './source-file.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const sound = [
  sourceFile('src/main.ts', `import { a } from './mail/a.ts';\nnew Worker(new URL('./store/thread.ts', import.meta.url));`),
  sourceFile('src/mail/a.ts', `import type { B } from '../base/b.ts';\n// import './gone.ts'`),
  sourceFile('src/base/b.ts', 'export type B = string;'),
  sourceFile('src/store/thread.ts', ''),
];

function rulesBroken(...planted: SourceFile[]): string[] {
  const paths = new Set(planted.map((file) => file.path));
  const files = [...sound.filter((file) => !paths.has(file.path)), ...planted];
  return checkAll(files).map((violation: Violation) => `${violation.rule} ${violation.path}`);
}

test('a sound tree has no violations', () => {
  assert.deepEqual(rulesBroken(), []);
});

test('reading no files is a violation, not a pass', () => {
  assert.deepEqual(checkAll([]).map((violation) => violation.rule), ['empty']);
});

test('an import against the direction of the layers is seen, type imports included', () => {
  const upward = sourceFile('src/base/b.ts', `import type { A } from '../store/thread.ts';`);
  assert.deepEqual(rulesBroken(upward), ['layer src/base/b.ts']);
});

test('a stage that imports a sibling stage is seen', () => {
  const queue = sourceFile('src/flow/queue/q.ts', `export {} from '../route/r.ts';`);
  const route = sourceFile('src/flow/route/r.ts', '');
  const main = sourceFile('src/main.ts', `import './flow/queue/q.ts'; import './mail/a.ts'; new URL('./store/thread.ts', import.meta.url)`);
  assert.deepEqual(rulesBroken(queue, route, main), ['layer src/flow/queue/q.ts']);
});

test('nothing may import the composition root', () => {
  const manage = sourceFile('src/manage/m.ts', `import '../compose/c.ts';`);
  const compose = sourceFile('src/compose/c.ts', '');
  const main = sourceFile('src/main.ts', `import './manage/m.ts'; import './mail/a.ts'; new URL('./store/thread.ts', import.meta.url)`);
  assert.deepEqual(rulesBroken(manage, compose, main), ['layer src/manage/m.ts']);
});

test('a cycle of type imports and a cycle through a dynamic import are seen', () => {
  const types = sourceFile('src/base/b.ts', `import type { C } from './c.ts';`);
  const back = sourceFile('src/base/c.ts', `const b = await import('./b.ts');`);
  assert.deepEqual(rulesBroken(types, back), ['cycle src/base/b.ts']);
});

test('a file that only its own test imports is dead', () => {
  const dead = sourceFile('src/base/lonely.ts', '');
  const itsTest = sourceFile('src/base/lonely.test.ts', `import './lonely.ts';`);
  assert.deepEqual(rulesBroken(dead, itsTest), ['dead src/base/lonely.ts']);
});

test('an import of a file that does not exist is seen', () => {
  const broken = sourceFile('src/base/b.ts', `import './nowhere.ts';`);
  assert.deepEqual(rulesBroken(broken), ['missing src/base/b.ts']);
});

test('an overlong file is seen, a data table may be long', () => {
  const long = 'x\n'.repeat(601);
  assert.deepEqual(rulesBroken(sourceFile('src/base/b.ts', long)), ['size src/base/b.ts']);
  assert.deepEqual(rulesBroken(sourceFile('src/base/b.ts', `/** A data table. */\n${long}`)), []);
});

test('a vague name is seen', () => {
  const main = sourceFile('src/main.ts', `import './mail/a.ts'; import './base/utils.ts'; new URL('./store/thread.ts', import.meta.url)`);
  assert.deepEqual(rulesBroken(main, sourceFile('src/base/utils.ts', '')), ['name src/base/utils.ts']);
});

test('the tree of this project has no violations', () => {
  const files = readSourceFiles(root);
  assert.ok(files.length > 50, `only ${files.length} files read`);
  assert.deepEqual(checkAll(files).map(({ rule, path, message }) => `${path}: ${rule}: ${message}`), []);
});
