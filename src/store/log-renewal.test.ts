import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from './database.ts';
import { renewLog } from './log-renewal.ts';

test('a log is written over with its own bytes', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-log-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'x.db');
  assert.equal(renewLog(path), 0, 'there is none');
  const log = Buffer.from(Array.from({ length: 2_500_000 }, (_, at) => at * 7));
  writeFileSync(`${path}-wal`, log);
  assert.equal(renewLog(path), log.length);
  assert.ok(readFileSync(`${path}-wal`).equals(log));
});

test('a database that was closed by an I/O error is opened again when the disk answers', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-log-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const db = new Database(join(dir, 'x.db'));
  db.script('CREATE TABLE t (a INTEGER)');
  db.begin();
  db.run('INSERT INTO t VALUES (1)');
  db.commit();
  db.reopen();
  db.rollback();
  assert.equal(db.inTransaction, false);
  assert.deepEqual(db.get<{ n: number }>('SELECT count(*) AS n FROM t')?.n, 1);
  db.close();
  assert.throws(() => db.get('SELECT 1'), /not open/);
});
