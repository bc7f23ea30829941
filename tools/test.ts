/**
 * npm test: every test of the project with node's own runner, each file in a process of its own, two of them at any time: as
 * many as the machine has cores that these tests are meant for. Nothing keeps files apart but what they choose for themselves
 * (ports, loopback addresses, folders). Arguments are passed on as file names: `npm test -- src/mail/date.test.ts`.
 *
 * Peers (postfix, dovecot, named …) live where the path of an ordinary user does not lead, so that it is made longer here.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const named = process.argv.slice(2);
const files = named.length > 0 ? named : globSync(['{src,tools,bench}/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).sort();
if (files.length === 0) {
  console.error('test: no test files found; run this in a complete checkout');
  process.exit(1);
}
const run = spawnSync(process.execPath, ['--test', '--test-concurrency=2', '--test-timeout=300000', ...files], {
  cwd: root, stdio: 'inherit', env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` },
});
process.exit(run.status ?? 1);
