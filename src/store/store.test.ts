/** The store as a whole: what is acknowledged is there after reopening, one process per directory, a full disk, versions. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { BufferSource } from '../base/byte-source.ts';
import { Failure } from '../base/errors.ts';
import { createQueueId } from '../base/queue-id.ts';
import { RETURN_ORDERED_AT } from '../contract/queue.ts';
import type { MailboxDeposit, NewQueueItem, Settlement } from '../contract/queue.ts';
import { eventually } from '../../test/harness/lab-process.ts';
import { openStore } from './store.ts';

function temporaryDir(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-store-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function newItem(recipients: readonly string[], content: Buffer, id = createQueueId(Date.now())): NewQueueItem {
  const now = Date.now();
  return {
    message: {
      id,
      sender: 'alice@example.org',
      options: { body: '8bitmime', smtpUtf8: false, requireTls: false },
      origin: { kind: 'submission', protocol: 'ESMTPSA', account: 'alice@example.org' },
      senderBelieved: true,
      contentDigest: createHash('sha256').update(content).digest('hex'),
      sizeBytes: content.length,
      startedAt: now,
      queuedAt: now,
      expiresAt: now + 1000,
      messageId: `<${id}@example.org>`,
    },
    recipients: recipients.map((address, index) => ({ index, address, state: 'queued', attempts: 0, nextAttemptAt: now })),
    content: new BufferSource(content),
    events: [{ at: now, name: 'message.accepted' }],
  };
}

function delivered(recipient: number): Settlement {
  return { recipient, state: 'delivered', attempts: 1, nextAttemptAt: 0, lastReply: { code: 250, enhanced: '2.0.0', text: 'ok' } };
}

const failsWith = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

test('an inserted message is whole after closing and opening again', async (t) => {
  const dir = temporaryDir(t);
  const item = newItem(['bob@example.net', 'carol@example.net'], Buffer.from('Subject: x\r\n\r\nhello\r\n'));
  const first = await openStore(dir);
  await first.queue.insert(item);
  await first.close();

  const second = await openStore(dir);
  t.after(() => second.close());
  assert.deepEqual(await second.queue.read(item.message.id), { message: item.message, recipients: item.recipients });
  assert.deepEqual(await (await second.queue.content(item.message.contentDigest)).read(), item.content.inMemory);
  const due = [];
  for await (const { ids, positions } of second.queue.dueRows()) due.push(...ids.map((id, at) => [id, positions[at]]));
  assert.deepEqual(due, [[item.message.id, 0], [item.message.id, 1]]);
  assert.deepEqual(await second.timeline.events(item.message.id), item.events);
});

test('a message that was deleted during its delivery sends no bounce', async (t) => {
  const store = await openStore(temporaryDir(t));
  t.after(() => store.close());
  const [item, bounce] = [newItem(['bob@example.net'], Buffer.from('one')), newItem(['alice@example.org'], Buffer.from('two'))];
  await store.queue.insert(item);
  await store.queue.order(item.message.id, [0], { state: 'deleted' }, []);
  const failed: Settlement = { recipient: 0, state: 'bounced', attempts: 1, nextAttemptAt: 0, lastReply: { code: 550, text: 'no' } };
  assert.deepEqual(await store.queue.settle(item.message.id, [failed], [], [bounce], []), { finished: true, superseded: true });
  assert.equal(await store.queue.read(bounce.message.id), undefined);
  assert.equal((await store.queue.read(item.message.id))?.recipients[0]?.state, 'deleted');
});

test('an order to hold or to return outlives the deferral of an attempt that was under way', async (t) => {
  const store = await openStore(temporaryDir(t));
  t.after(() => store.close());
  const item = newItem(['held@example.net', 'returned@example.net', 'plain@example.net'], Buffer.from('one'));
  const { id } = item.message;
  await store.queue.insert(item);
  await store.queue.order(id, [0], { state: 'held' }, []);
  await store.queue.order(id, [1], { state: 'queued', nextAttemptAt: RETURN_ORDERED_AT, lastReply: { code: 554, text: 'returned' } }, []);
  const deferred = [0, 1, 2].map((recipient): Settlement => ({ recipient, state: 'queued', attempts: 1, nextAttemptAt: 99, lastReply: { code: 450, text: 'later' } }));
  await store.queue.settle(id, deferred, [], [], []);
  const rows = (await store.queue.read(id))?.recipients.map(({ state, nextAttemptAt, lastReply }) => [state, nextAttemptAt, lastReply?.code]);
  assert.deepEqual(rows, [['held', 99, 450], ['queued', RETURN_ORDERED_AT, 554], ['queued', 99, 450]]);
});

test('content is freed when the last of all messages that name it has met its fate', async (t) => {
  const store = await openStore(temporaryDir(t));
  t.after(() => store.close());
  for (const content of [Buffer.from('small'), Buffer.alloc(300_000, 'x')]) {
    const one = newItem(['bob@example.net', 'carol@example.net'], content);
    const two = newItem(['dave@example.net'], content);
    await Promise.all([store.queue.insert(one), store.queue.insert(two)]);
    const digest = one.message.contentDigest;
    const references = (): Promise<number> => store.call('bodies.references', digest);
    assert.equal(await references(), 2);
    assert.deepEqual(await store.queue.settle(one.message.id, [delivered(0)], [], [], []), { finished: false });
    assert.deepEqual(await store.queue.settle(one.message.id, [delivered(1)], [], [], []), { finished: true });
    assert.equal(await references(), 1);
    assert.equal((await (await store.queue.content(digest)).read()).length, content.length);
    await store.queue.settle(two.message.id, [delivered(0)], [], [], []);
    assert.equal(await references(), 0);
  }
  const files = readdirSync(join(store.dataDir, 'bodies'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.deepEqual(files, []);
});

test('nobody else can read what is stored', async (t) => {
  const store = await openStore(temporaryDir(t));
  t.after(() => store.close());
  await store.queue.insert(newItem(['bob@example.net'], Buffer.alloc(300_000, 'x')));
  const entries = readdirSync(store.dataDir, { recursive: true, withFileTypes: true });
  assert.ok(entries.some(({ name }) => name === 'posthorn.db-wal'));
  const open = entries.filter((entry) => (statSync(join(entry.parentPath, entry.name)).mode & 0o077) !== 0).map(({ name }) => name);
  assert.deepEqual(open, []);
});

test('the check of the books finds what is wrong, and is quick with many bodies', async (t) => {
  const dir = temporaryDir(t);
  const store = await openStore(dir);
  const items = Array.from({ length: 3000 }, (_, at) => newItem(['bob@example.net'], Buffer.from(`body ${at}`)));
  await Promise.all(items.map((item) => store.queue.insert(item)));
  assert.deepEqual(await store.call('integrity.problems', undefined), []);
  await store.close();
  const database = new DatabaseSync(join(dir, 'posthorn.db'));
  const digests = items.map((item) => item.message.contentDigest);
  database.prepare('UPDATE bodies SET refs = 2 WHERE digest = unhex(?)').run(digests[0] as string);
  database.prepare('DELETE FROM bodies WHERE digest = unhex(?)').run(digests[1] as string);
  database.prepare("UPDATE recipients SET state = 'delivered' WHERE message_id = ?").run(items[2]?.message.id as string);
  database.close();
  const damaged = await openStore(dir);
  t.after(() => damaged.close());
  const problems = await damaged.call('integrity.problems', undefined);
  assert.equal(problems.length, 4, problems.join('; '));
  for (const expected of [/counts 2 references, 1 name it/, /is missing, 1 messages need it/, /nobody waits for it/, /belongs to no body/]) {
    assert.ok(problems.some((problem) => expected.test(problem)), `${expected} in ${problems.join('; ')}`);
  }
});

test('one failing operation does not take its batch down', async (t) => {
  const store = await openStore(temporaryDir(t));
  t.after(() => store.close());
  const item = newItem(['bob@example.net'], Buffer.from('a'));
  const again = newItem(['eve@example.net'], Buffer.from('b'), item.message.id);
  const third = newItem(['carol@example.net'], Buffer.from('c'));
  const results = await Promise.allSettled([store.queue.insert(item), store.queue.insert(again), store.queue.insert(third)]);
  assert.deepEqual(results.map((result) => result.status), ['fulfilled', 'rejected', 'fulfilled']);
  assert.equal(await store.call('bodies.references', again.message.contentDigest), 0);
  assert.equal((await store.queue.read(item.message.id))?.recipients[0]?.address, 'bob@example.net');
});

test('a settlement is all or nothing', async (t) => {
  const store = await openStore(temporaryDir(t));
  t.after(() => store.close());
  const item = newItem(['bob@example.net'], Buffer.from('a'));
  await store.queue.insert(item);
  const deposit: MailboxDeposit = {
    account: 'nobody@example.org', folder: 'INBOX', contentDigest: '00'.repeat(32), prefix: Buffer.from(''), internalDate: 0, flags: [],
    sizeBytes: 1, structure: '{}',
  };
  await assert.rejects(store.queue.settle(item.message.id, [delivered(0)], [deposit], [], []));
  assert.equal((await store.queue.read(item.message.id))?.recipients[0]?.state, 'queued');
});

test('a second start is refused with the pid that holds the directory', async (t) => {
  const dir = temporaryDir(t);
  const store = await openStore(dir);
  await assert.rejects(openStore(dir, { lockWaitMs: 0 }), (error) => failsWith('data-dir-in-use')(error) && String(error).includes(`process ${process.pid}`));
  await store.close();
  const again = await openStore(dir, { lockWaitMs: 0 });
  await again.close();
});

/** Of a new database, which every migration makes larger. */
async function pagesOfSchema(dir: string): Promise<number> {
  await (await openStore(dir)).close();
  const db = new DatabaseSync(join(dir, 'posthorn.db'), { readOnly: true });
  const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number };
  db.close();
  return pages;
}

test('a full database answers store-full and goes on when there is room', async (t) => {
  const dir = temporaryDir(t);
  const store = await openStore(dir, { maxPages: (await pagesOfSchema(dir)) + 40 });
  t.after(() => store.close());
  const stored: NewQueueItem[] = [];
  await assert.rejects(async () => {
    for (let round = 0; round < 1000; round++) {
      const item = newItem(['bob@example.net'], Buffer.alloc(4096, String(round)));
      await store.queue.insert(item);
      stored.push(item);
    }
  }, failsWith('store-full'));
  assert.ok(stored.length > 0);
  for (const item of stored) await store.queue.settle(item.message.id, [delivered(0)], [], [], []);
  // The doors stay closed for as long as a measurement of free space is believed.
  const again = newItem(['bob@example.net'], Buffer.alloc(4096, 'z'));
  await eventually('mail is taken again', () => store.queue.insert(again).then(() => true, () => false));
});

test('the reserve of free disk is kept for what is queued already', async (t) => {
  let freeBytes = 1e6;
  const store = await openStore(temporaryDir(t), { freeSpace: async () => freeBytes });
  t.after(() => store.close());
  await assert.rejects(store.queue.insert(newItem(['bob@example.net'], Buffer.from('a'))), failsWith('store-full'));
  freeBytes = 1e12;
});

test('body files that no row names are swept at start', async (t) => {
  const dir = temporaryDir(t);
  const item = newItem(['bob@example.net'], Buffer.alloc(300_000, 'x'));
  const first = await openStore(dir);
  await first.queue.insert(item);
  const digest = item.message.contentDigest;
  const folder = join(dir, 'bodies', digest.slice(0, 2));
  writeFileSync(join(folder, `${digest}.0123456789abcdef`), 'orphan');
  writeFileSync(join(dir, 'bodies', 'new', 'half'), 'orphan');
  await first.close();
  const second = await openStore(dir);
  t.after(() => second.close());
  assert.equal(readdirSync(folder).length, 1);
  assert.deepEqual(readdirSync(join(dir, 'bodies', 'new')), []);
  assert.equal((await (await second.queue.content(digest)).read()).length, 300_000);
});

test('a database of a newer program is refused', async (t) => {
  const dir = temporaryDir(t);
  await (await openStore(dir)).close();
  const database = new DatabaseSync(join(dir, 'posthorn.db'));
  database.exec("INSERT INTO schema_versions VALUES (9999, 'future', 0)");
  database.close();
  await assert.rejects(openStore(dir), failsWith('store-newer'));
});

test('read-only opens an existing store and changes nothing', async (t) => {
  const dir = temporaryDir(t);
  await assert.rejects(openStore(dir, { readOnly: true }), failsWith('store-missing'));
  await (await openStore(dir)).close();
  const store = await openStore(dir, { readOnly: true });
  t.after(() => store.close());
  await assert.rejects(store.queue.insert(newItem(['bob@example.net'], Buffer.from('a'))), failsWith('store-failed'));
  assert.deepEqual(await store.queue.stats(), []);
});

test('messages are found by id, address and Message-ID', async (t) => {
  const store = await openStore(temporaryDir(t));
  t.after(() => store.close());
  const item = newItem(['Bob@example.net'], Buffer.from('a'));
  await store.queue.insert(item);
  for (const query of [item.message.id, 'bob@example.net', 'ALICE@example.org', item.message.messageId as string]) {
    assert.deepEqual((await store.timeline.find(query, 10)).map((found) => found.message.id), [item.message.id], query);
  }
  assert.deepEqual(await store.timeline.find('nobody@example.net', 10), []);
});
