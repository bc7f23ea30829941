/** Keys of messages, gathered and moved to the index in runs. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { STORE_LIMITS } from '../base/limits.ts';
import { createQueueId } from '../base/queue-id.ts';
import { Database } from './database.ts';
import { migrate, revert } from './migrate.ts';
import { migrations } from './migrations/all.ts';
import { findByKey } from './ops/lookup-keys.ts';
import { queueWrites } from './ops/queue.ts';
import type { InsertArgs } from './ops/queue.ts';

const NOW = Date.UTC(2026, 10, 21);
const DIGEST = 'ab'.repeat(32);
/** Each message has three keys; two runs and a little. */
const MESSAGES = Math.ceil((2 * STORE_LIMITS.keysPerRun) / 3) + 5;

function open(t: TestContext): Database {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-lookup-'));
  mkdirSync(join(dir, 'bodies'));
  const db = new Database(join(dir, 'posthorn.db'));
  t.after(() => {
    db.close();
    rmSync(dir, { recursive: true });
  });
  migrate(db, migrations, NOW);
  return db;
}

const idOf = (at: number): string => createQueueId(NOW + at);

function insert(db: Database, id: string, at: number): void {
  const item: InsertArgs = {
    message: [id, 'Alice@example.org', '{}', '{}', 1, DIGEST, 1, NOW, NOW + at, NOW + 1e9, `<m${at}@example.org>`, null, 0, null, null, NOW + 1e9],
    recipients: [[0, `user${at}@example.net`, null, null, 'queued', 0, NOW, null, null, null, null, null]],
    events: null,
    body: { digest: DIGEST, sizeBytes: 1, bytes: Buffer.from('x') },
  };
  queueWrites.insert(db, item);
}

function fill(db: Database, count: number): string[] {
  const ids = Array.from({ length: count }, (_, at) => idOf(at));
  db.begin();
  for (const [at, id] of ids.entries()) insert(db, id, at);
  db.commit();
  return ids;
}

const count = (db: Database, table: 'recent_keys' | 'lookup_keys'): number => db.get<{ count: number }>(table === 'recent_keys' ? 'SELECT count(*) AS count FROM recent_keys' : 'SELECT count(*) AS count FROM lookup_keys')?.count ?? 0;

test('keys are found among the recent ones and in every run, the newest first', (t) => {
  const db = open(t);
  const ids = fill(db, MESSAGES);
  assert.equal(db.get<{ runs: number }>('SELECT count(DISTINCT hour) AS runs FROM lookup_keys')?.runs, 2);
  assert.equal(count(db, 'lookup_keys') + 3 * count(db, 'recent_keys'), 3 * MESSAGES);
  for (const at of [0, 1, 3_400, MESSAGES - 1]) {
    assert.deepEqual(findByKey(db, `<M${at}@EXAMPLE.org>`, 10), [ids[at]]);
    assert.deepEqual(findByKey(db, `user${at}@example.net`, 10), [ids[at]]);
  }
  assert.deepEqual(findByKey(db, 'alice@example.org', 20), ids.slice(-20).toReversed());
  assert.equal(findByKey(db, 'alice@example.org', MESSAGES + 1).length, MESSAGES);
  assert.deepEqual(findByKey(db, 'nobody@example.net', 10), []);
});

test('what is pruned leaves no keys, wherever they are', (t) => {
  const db = open(t);
  fill(db, MESSAGES);
  db.begin();
  db.run('UPDATE messages SET finished_at = ?', NOW);
  while (queueWrites.prune(db, { finishedBefore: NOW + 1, limit: 2_000 }) > 0);
  db.commit();
  assert.equal(count(db, 'lookup_keys'), 0);
  // Keys of messages that are gone are not moved.
  assert.ok(count(db, 'recent_keys') > 0);
  fill(db, MESSAGES);
  assert.equal(db.get<{ gone: number }>('SELECT count(*) AS gone FROM lookup_keys WHERE message_id NOT IN (SELECT id FROM messages)')?.gone, 0);
});

test('an earlier version finds what was written, and this one what the earlier wrote', (t) => {
  const db = open(t);
  const ids = fill(db, MESSAGES);
  revert(db, migrations, 74);
  assert.equal(count(db, 'lookup_keys'), 3 * MESSAGES);
  assert.deepEqual(db.all('SELECT DISTINCT hour FROM lookup_keys').map((row) => ({ ...(row as object) })), [{ hour: NOW / 3_600_000 }]);
  migrate(db, migrations, NOW);
  for (const at of [0, MESSAGES - 1]) assert.deepEqual(findByKey(db, `user${at}@example.net`, 10), [ids[at]]);
  db.begin();
  db.run('UPDATE messages SET finished_at = ?', NOW);
  while (queueWrites.prune(db, { finishedBefore: NOW + 1, limit: 2_000 }) > 0);
  db.commit();
  assert.equal(count(db, 'lookup_keys'), 0);
});
