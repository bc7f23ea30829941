import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { watchInstallation } from './installation.ts';

function program(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'posthorn-installation-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'src', 'part'), { recursive: true });
  mkdirSync(join(root, 'node_modules'));
  for (const file of ['package.json', 'node_modules/.package-lock.json', 'src/main.ts', 'src/part/late.ts']) writeFileSync(join(root, file), '{"version":"1"}');
  return root;
}

const REPLACED = { code: 'program-replaced', temporary: true };
const nothing = async (): Promise<number> => 2;

test('after an upgrade under a running server, what is loaded goes on and what is not is refused in words', async (t) => {
  const root = program(t);
  const installation = watchInstallation(root);
  assert.equal(await installation.load('a', async () => 1), 1);
  await assert.rejects(installation.load('broken', () => Promise.reject(new Error('a fault of its own'))), /a fault of its own/);
  writeFileSync(join(root, 'package.json.new'), '{"version":"2"}');
  renameSync(join(root, 'package.json.new'), join(root, 'package.json'));
  assert.equal(await installation.load('a', async () => 1), 1);
  await assert.rejects(installation.load('b', nothing), REPLACED);
  rmSync(root, { recursive: true });
  await assert.rejects(installation.load('b', nothing), REPLACED);
  assert.throws(() => installation.assertSame(), REPLACED);
});

const CHANGES: readonly (readonly [what: string, change: (root: string) => void])[] = [
  ['a `git pull` that changes one file and leaves package.json alone', (root) => writeFileSync(join(root, 'src/part/late.ts'), '{"version":"1a"}')],
  ['a file that is new', (root) => writeFileSync(join(root, 'src/part/new.ts'), '')],
  ['a file that is gone', (root) => rmSync(join(root, 'src/part/late.ts'))],
  ['other libraries', (root) => writeFileSync(join(root, 'node_modules/.package-lock.json'), '{"version":"12"}')],
];

for (const [what, change] of CHANGES) {
  test(`an upgrade is noticed: ${what}`, async (t) => {
    const root = program(t);
    const installation = watchInstallation(root);
    await installation.load('a', nothing);
    change(root);
    await assert.rejects(installation.load('b', nothing), REPLACED);
  });
}

test('an upgrade in the middle of loading is noticed, and so is one that takes away what is loaded', async (t) => {
  const root = program(t);
  const installation = watchInstallation(root);
  await assert.rejects(installation.load('a', async () => writeFileSync(join(root, 'src/main.ts'), '{"version":"1b"}')), REPLACED);
});

test('what no server runs is no upgrade: tests, notes, files of editors', async (t) => {
  const root = program(t);
  const installation = watchInstallation(root);
  for (const file of ['src/part/late.test.ts', 'src/part/.late.ts.swp', 'README.md']) writeFileSync(join(root, file), 'x');
  assert.equal(await installation.load('b', nothing), 2);
});
