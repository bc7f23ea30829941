/** `npm run dev`: the lab under node --watch, whose own messages from threads must not be taken for the store's. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { freeLoopback } from '../harness/free-place.ts';
import { projectRoot } from '../harness/lab-process.ts';

test('npm run dev brings up the lab instead of ending with a TypeError', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-dev-'));
  const child = spawn('npm', ['run', '--silent', 'dev', '--', '--json', '--dir', dir, '--loopback', await freeLoopback()], { cwd: projectRoot, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const failed = new Promise<never>((_, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (chunk.includes('Failed running')) reject(new Error(errors));
      });
    });
    const lines = createInterface({ input: child.stdout });
    const ready = (async () => {
      for await (const line of lines) if (line.startsWith('{')) return JSON.parse(line) as { ready: boolean };
      throw new Error(errors);
    })();
    assert.equal((await Promise.race([ready, failed])).ready, true);
  } finally {
    const gone = once(child, 'exit');
    process.kill(-(child.pid as number), 'SIGTERM');
    await gone;
    rmSync(dir, { recursive: true, force: true });
  }
});
