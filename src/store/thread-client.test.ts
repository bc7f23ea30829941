/** The program's end of the storage thread when the thread itself fails. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MessagePort } from 'node:worker_threads';
import { Failure } from '../base/errors.ts';
import { Log } from '../base/log.ts';
import { Caller } from './caller.ts';
import { ThreadClient } from './thread-client.ts';
import type { FolderNews } from '../contract/mailbox.ts';
import type { ThreadReply } from './thread-protocol.ts';

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

test('other threads have ports of their own, which follow a replacement', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-thread-'));
  const log = new Log(() => {});
  const client = await ThreadClient.start({ dataDir: dir, readOnly: false, nowMs: Date.now(), sweep: true }, log);
  const guest = new Caller(log);
  const handed: MessagePort[] = [];
  let changed = (): void => {};
  const unshare = client.share((port) => {
    handed.push(port);
    port.on('message', (replies: ThreadReply[]) => guest.settle(replies));
    port.once('close', () => guest.disconnect());
    guest.connect(port);
    changed();
  });
  t.after(async () => {
    unshare();
    guest.stopWatching();
    await client.close();
    rmSync(dir, { recursive: true, force: true });
  });
  // Both use the same numbers for their calls; each gets its own answers.
  const [own, shared] = await Promise.all([client.call('timeline.events', 'a'), guest.call('queue.stats', undefined)]);
  assert.deepEqual([own, shared], [[], []]);
  const replaced = new Promise<void>((resolve) => (changed = resolve));
  const underWay = assert.rejects(guest.call('queue.stats', undefined), isTemporary);
  await client.endAbruptly();
  await underWay;
  await replaced;
  assert.deepEqual(await guest.call('queue.stats', undefined), []);
  assert.equal(handed.length, 2);
});

test('after a replacement watchers of folders are told of every folder, so that they miss nothing', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-thread-'));
  const client = await ThreadClient.start({ dataDir: dir, readOnly: false, nowMs: Date.now(), sweep: true }, new Log(() => {}));
  t.after(async () => {
    await client.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const credentials = { hash: 'x', scramSalt: Buffer.alloc(1), scramIterations: 1, scramStoredKey: Buffer.alloc(1), scramServerKey: Buffer.alloc(1) };
  await client.call('directory.addDomain', { name: 'example.org', aliasOf: null, at: 0 });
  const told: FolderNews[][] = [];
  let heard = (): void => {};
  client.feed.watch((news) => {
    told.push([...news]);
    heard();
  });
  const first = new Promise<void>((resolve) => (heard = resolve));
  await client.call('directory.addAccount', { address: 'alice@example.org', domain: 'example.org', credentials, at: 0 });
  await first;
  assert.equal(told[0]?.length, 6);
  const again = new Promise<void>((resolve) => (heard = resolve));
  await client.endAbruptly();
  await again;
  assert.deepEqual(told[1]?.map(({ folder }) => folder), told[0]?.map(({ folder }) => folder));
});
