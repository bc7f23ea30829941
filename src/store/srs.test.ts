import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SRS_LIMITS } from '../base/limits.ts';
import { openStore, type OwnStore } from './store.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);
const dir = mkdtempSync(join(tmpdir(), 'posthorn-srs-'));
let store: OwnStore;
before(async () => {
  store = await openStore(dir);
});
after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

test('the first question makes a key, once, and a restart keeps it', async () => {
  const [[first], [again]] = await Promise.all([store.srs.keys(NOW), store.srs.keys(NOW)]);
  assert.equal(first.id, '20261120');
  assert.equal(first.secret.length, SRS_LIMITS.keyBytes);
  assert.deepEqual(first.secret, again.secret);
  await store.close();
  store = await openStore(dir);
  assert.deepEqual(await store.srs.keys(NOW), [first]);
});

test('older keys stay until what they signed has expired', async () => {
  const [first] = await store.srs.keys(NOW);
  assert.deepEqual((await store.srs.rotate(NOW)).map(({ id }) => id), ['20261120-2', '20261120']);
  assert.deepEqual((await store.srs.keys(NOW + 21 * DAY)).map(({ id }) => id), ['20261120-2', '20261120']);
  assert.deepEqual((await store.srs.keys(NOW + 22 * DAY + 1)).map(({ id }) => id), ['20261120-2']);
  const rotated = await store.srs.rotate(NOW + 30 * DAY);
  assert.deepEqual(rotated.map(({ id }) => id), ['20261220', '20261120-2']);
  assert.ok(rotated.every(({ secret }) => !secret.equals(first.secret)));
});

test('a clock that was set back does not make an old key the newest', async () => {
  const [newest] = await store.srs.keys(NOW + 30 * DAY);
  const [made] = await store.srs.rotate(NOW - 30 * DAY);
  assert.ok(made.createdAt > newest.createdAt);
});

test('senders behind a token are remembered while they are used', async () => {
  await store.srs.remember('OLD', 'old@x.test', NOW);
  await store.srs.remember('USED', 'used@x.test', NOW);
  await store.srs.remember('USED', 'used@x.test', NOW + 15 * DAY);
  await store.srs.remember('NEW', 'new@x.test', NOW + 23 * DAY);
  assert.deepEqual(await Promise.all(['OLD', 'USED', 'NEW', 'NEVER'].map((token) => store.srs.recall(token))), [undefined, 'used@x.test', 'new@x.test', undefined]);
});
