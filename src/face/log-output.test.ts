import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { LogOutput } from './log-output.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'posthorn-output-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, at) => `line ${from + at} ${'x'.repeat(100)}\n`).join('');
const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    assert.ok(tries < 2_000, 'it never happened');
    await wait(5);
  }
}

/** A process of its own that ends as `script` says; resolves with its exit status. */
function run(script: string): { status: number | null; stderr: string } {
  const source = `import { LogOutput } from ${JSON.stringify(new URL('./log-output.ts', import.meta.url).href)};\n${script}`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8', timeout: 60_000 });
  return { status, stderr };
}

test('what was logged before SIGHUP is in the file that logrotate moved away, what came later in the new one', async (t) => {
  const file = join(folder(t), 'mail.log');
  const output = new LogOutput(file);
  const [before, after] = [[0, 5_000], [5_000, 10_000]] as const;
  for (let at = before[0]; at < before[1]; at += 100) output.add(lines(at, at + 100));
  renameSync(file, `${file}.1`);
  output.reopen();
  for (let at = after[0]; at < after[1]; at += 100) output.add(lines(at, at + 100));
  output.close();
  await until(() => read(file).length === lines(...after).length);
  assert.equal(read(`${file}.1`), lines(...before));
  assert.equal(read(file), lines(...after));
});

test('a log folder that comes back gets the lines that waited', async (t) => {
  const path = folder(t);
  writeFileSync(join(path, 'sub'), 'a file where the folder must be');
  const output = new LogOutput(join(path, 'sub', 'mail.log'));
  output.add(lines(0, 3));
  await wait(0);
  rmSync(join(path, 'sub'));
  output.add(lines(3, 5));
  await until(() => read(join(path, 'sub', 'mail.log')) === lines(0, 5));
  output.close();
});

test('a full disk of the log does not keep the server from ending', { skip: !existsSync('/dev/full') && 'no /dev/full' }, () => {
  assert.equal(run(`const output = new LogOutput('/dev/full');\nfor (let at = 0; at < 1000; at++) output.add('x'.repeat(200) + '\\n');\noutput.close();`).status, 0);
  assert.equal(run(`const output = new LogOutput('/dev/full');\noutput.add('x\\n');\nprocess.exit(3);`).status, 3);
});

test('a log file that cannot be written is told on standard error, once', (t) => {
  const file = join(folder(t), 'mail.log');
  mkdirSync(file);
  const { status, stderr } = run(`const output = new LogOutput(${JSON.stringify(file)});\noutput.add('x\\n');\nsetTimeout(() => { output.add('y\\n'); output.close(); }, 300);`);
  assert.equal(status, 0);
  assert.match(stderr, /^posthorn: the log file .*mail\.log takes no lines \(EISDIR: [^\n]*\n$/);
});

test('an error that nobody caught: what was logged just before is in the file', (t) => {
  const file = join(folder(t), 'mail.log');
  const { status, stderr } = run(`const output = new LogOutput(${JSON.stringify(file)});\noutput.add('the last line\\n');\nthrow new Error('a bug');`);
  assert.equal(status, 1);
  assert.match(stderr, /a bug/);
  assert.equal(read(file), 'the last line\n');
});

test('a reader of standard error that goes away does not end the server', async () => {
  const source = `import { LogOutput } from ${JSON.stringify(new URL('./log-output.ts', import.meta.url).href)};\n`
    + `const output = new LogOutput(undefined);\noutput.add('first\\n');\nprocess.stdin.once('data', () => { for (let at = 0; at < 50; at++) setTimeout(() => output.add('more\\n'), at); setTimeout(() => { output.close(); process.exit(7); }, 100); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['pipe', 'ignore', 'pipe'] });
  const [first] = (await once(child.stderr, 'data')) as [Buffer];
  assert.equal(String(first), 'first\n');
  child.stderr.destroy();
  child.stdin.write('go\n');
  const [status] = (await once(child, 'exit')) as [number];
  assert.equal(status, 7);
});
