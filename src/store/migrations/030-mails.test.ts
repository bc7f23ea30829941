import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Database } from '../database.ts';
import { migrate, revert } from '../migrate.ts';
import { addBody } from '../ops/bodies.ts';
import { folderMessageWrites } from '../ops/folder-messages.ts';
import { folderReads } from '../ops/folder-reads.ts';
import { integrityReads } from '../ops/integrity.ts';
import { migrations } from './all.ts';

const DIGESTS = ['aa'.repeat(32), 'bb'.repeat(32)];

test('mail of an earlier version is there afterwards, and after the way back', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-migration-'));
  const db = new Database(join(dir, 'posthorn.db'));
  t.after(() => {
    db.close();
    rmSync(dir, { recursive: true });
  });
  migrate(db, migrations.filter(({ version }) => version < 30), 0);
  db.begin();
  db.run("INSERT INTO domains (name, created_at) VALUES ('example.org', 0)");
  db.run("INSERT INTO accounts (address, domain, password_hash, scram_salt, scram_iterations, scram_stored_key, scram_server_key, disabled, created_at, password_changed_at) VALUES ('alice@example.org', 'example.org', '', x'', 1, x'', x'', 0, 0, 0)");
  db.run("INSERT INTO folders (id, account, name, uid_validity, uid_next, highest_modseq, subscribed) VALUES (7, 'alice@example.org', 'INBOX', 5, 4, 9, 1)");
  for (const [uid, digest] of [[1, DIGESTS[0]], [2, DIGESTS[1]], [3, DIGESTS[0]]] as const) {
    addBody(db, { digest: digest as string, sizeBytes: 3, bytes: Buffer.from('abc') });
    db.run(
      `INSERT INTO mailbox_messages (folder_id, uid, modseq, flags, seen, deleted, internal_date, saved_at, size_bytes, content_digest, prefix, structure)
       VALUES (7, ?, ?, ?, ?, 0, 1, 2, 3, ?, x'', '{}')`,
      uid, uid + 5, uid === 1 ? '["\\\\Seen"]' : '[]', uid === 1 ? 1 : 0, digest as string,
    );
  }
  db.commit();
  migrate(db, migrations, 0);
  assert.deepEqual(integrityReads.problems(db), []);
  const [inbox] = folderReads.list(db, { account: 'alice@example.org' });
  assert.deepEqual([inbox?.messages, inbox?.unseen, inbox?.sizeBytes, inbox?.uidNext, inbox?.createdAt], [3, 2, 9, 4, 5000]);
  assert.deepEqual(folderReads.subscriptions(db, { viewer: 'alice@example.org' }), ['INBOX']);
  db.begin();
  // One more place for the same mail, and one that can be undeleted.
  folderMessageWrites.transfer(db, { source: 7, uids: [[1, 1]], target: 7, at: 10, keep: true });
  folderMessageWrites.setFlags(db, { folder: 7, uids: [[2, 2]], mode: 'add', flags: ['\\Deleted'] });
  folderMessageWrites.expunge(db, { folder: 7, at: 10 });
  db.commit();
  assert.deepEqual(integrityReads.problems(db), []);
  revert(db, migrations, 29);
  const rows = db.all<{ uid: number; digest: string }>('SELECT uid, content_digest AS digest FROM mailbox_messages ORDER BY uid');
  assert.deepEqual(rows.map(({ uid, digest }) => [uid, digest]), [[1, DIGESTS[0]], [3, DIGESTS[0]], [4, DIGESTS[0]]]);
  assert.deepEqual(db.all('SELECT lower(hex(digest)) AS digest, refs FROM bodies').map((row) => ({ ...(row as object) })), [{ digest: DIGESTS[0], refs: 3 }]);
  migrate(db, migrations, 0);
  assert.deepEqual(integrityReads.problems(db), []);
});
