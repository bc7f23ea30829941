/** The program's end of the storage thread when the thread itself fails. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../base/errors.ts';
import { Log } from '../base/log.ts';
import { ThreadClient } from './thread-client.ts';

const isTemporary = (error: unknown): boolean => error instanceof Failure && error.code === 'store-failed' && error.temporary;

test('a thread that dies answers nobody with success, and is replaced', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-thread-'));
  mkdirSync(join(dir, 'bodies', 'new'), { recursive: true });
  const log = new Log(() => {});
  const client = await ThreadClient.start({ dataDir: dir, readOnly: false, nowMs: Date.now(), sweep: true }, log);
  t.after(async () => {
    await client.close();
    rmSync(dir, { recursive: true, force: true });
  });
  assert.deepEqual(await client.call('queue.stats', undefined), []);
  const underWay = assert.rejects(client.call('queue.stats', undefined), isTemporary);
  await client.endAbruptly();
  await underWay;
  await assert.rejects(client.call('queue.stats', undefined), isTemporary);
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await client.call('queue.stats', undefined).catch((error: unknown) => assert.ok(isTemporary(error)));
    if (answer) break;
    assert.ok(performance.now() < deadline, 'no new thread in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
});

test('arguments that cannot be cloned fail alone', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-thread-'));
  const client = await ThreadClient.start({ dataDir: dir, readOnly: false, nowMs: Date.now(), sweep: true }, new Log(() => {}));
  t.after(async () => {
    await client.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const results = await Promise.allSettled([client.call('queue.read', (() => {}) as never), client.call('queue.stats', undefined)]);
  assert.deepEqual(results.map(({ status }) => status), ['rejected', 'fulfilled']);
});
