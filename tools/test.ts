/**
 * npm test: every test of the project with node's own runner, each file in a process of its own, two of them at any time: as
 * many as the machine has cores that these tests are meant for. Nothing keeps files apart but what they choose for themselves
 * (ports, loopback addresses, folders). Arguments are passed on as file names: `npm test -- src/mail/date.test.ts`.
 *
 * `npm test -- --again` is for CI on shared machines (docs/decisions/0328-a-second-look-in-ci.md): the files of a few failures
 * run once more, whole and with nothing beside them, and that run decides. What needed it is named: it is to be mended.
 *
 * Peers (postfix, dovecot, named …) live where the path of an ordinary user does not lead, so that it is made longer here.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const AGAIN = '--again';
/** More files than a busy machine spoils by chance: something is broken. */
const FILES_AGAIN_MAX = 3;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const named = args.filter((arg) => arg !== AGAIN);
const files = named.length > 0 ? named : globSync(['{src,tools,bench}/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).sort();
if (files.length === 0) {
  console.error('test: no test files found; run this in a complete checkout');
  process.exit(1);
}
const first = run(files, 2);
const again = first.failed.length <= FILES_AGAIN_MAX && args.includes(AGAIN) ? first.failed : [];
if (first.status === 0 || again.length === 0) process.exit(first.status);
console.log(`\ntest: of ${files.length} files these failed, and run once more alone; what passes now is unsteady, and to be mended: ${again.join(', ')}\n`);
process.exit(run(again, 1).status);

/** `failed`: files, from the root. */
function run(paths: readonly string[], atOnce: number): { readonly status: number; readonly failed: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-test-'));
  const list = join(folder, 'failed');
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout', `--test-reporter=${join(root, 'tools/failed-files.ts')}`, `--test-reporter-destination=${list}`];
  const { status } = spawnSync(process.execPath, ['--test', `--test-concurrency=${atOnce}`, '--test-timeout=300000', ...reporters, ...paths], {
    cwd: root, stdio: 'inherit', env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` },
  });
  const failed = readFileSync(list, 'utf8').split('\n').filter((line) => line !== '').map((path) => relative(root, path));
  rmSync(folder, { recursive: true });
  return { status: status ?? 1, failed };
}
