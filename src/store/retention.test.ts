import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferSource } from '../base/byte-source.ts';
import { AdjustableClock } from '../base/clock.ts';
import type { FolderFacts } from '../contract/mailbox.ts';
import { createMailboxRoom } from './mailbox-room.ts';
import { derivePassword } from './password.ts';
import { openStore } from './store.ts';

const alice = 'alice@example.org';
const DAY_MS = 86_400_000;
const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-retention-'));
const clock = new AdjustableClock();
const store = await openStore(dataDir, { clock });
const { folders, messages, mails, quotas } = store.mailbox;
const { retention } = store;
const password = await derivePassword('correct horse');
await store.directory.addDomain('example.org', { at: clock.now() });
await store.directory.addAccount(alice, password, clock.now());
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

const folderNamed = async (name: string): Promise<FolderFacts> => (await folders.find(alice, name)) as FolderFacts;
const append = (folder: number, subject: string, flags: readonly string[] = []) =>
  messages.append(folder, [{ content: new BufferSource(Buffer.from(`Subject: ${subject}\r\n\r\ntext\r\n`)), flags, internalDate: 1000 }]);
const noProblems = async (): Promise<void> => assert.deepEqual(await store.call('integrity.problems', undefined), []);

test('expunged mail comes back with flags and date, under a new UID', async () => {
  const { id } = await folders.create(alice, 'Back');
  await append(id, 'one', ['\\Seen', 'Work', '\\Deleted']);
  const before = (await messages.snapshot(id))?.messages;
  await messages.expunge(id);
  assert.deepEqual((await retention.expunged({ account: alice }, 10)).map(({ folder, uid, flags }) => [folder, uid, flags]), [['Back', 1, ['Work', '\\Deleted', '\\Seen']]]);
  assert.equal(await retention.undelete({ account: alice, folder: 'Elsewhere' }), 0);
  assert.equal(await retention.undelete({ account: alice, since: clock.now() + 1000 }), 0);
  assert.equal(await retention.undelete({ account: alice, folder: 'Back' }), 1);
  const back = (await messages.snapshot(id))?.messages;
  assert.deepEqual([...(back?.uids ?? [])], [2]);
  assert.deepEqual(back?.sets, [['Work', '\\Seen']]);
  assert.deepEqual([...(back?.internalDates ?? [])], [1000]);
  assert.deepEqual(back?.mailIds, before?.mailIds);
  await noProblems();
});

test('a removed folder comes back, too', async () => {
  const { id } = await folders.create(alice, 'Projects/old');
  for (const subject of ['a', 'b', 'c']) await append(id, subject);
  await folders.remove(id);
  assert.equal(await folders.find(alice, 'Projects/old'), undefined);
  assert.equal(await retention.undelete({ account: alice }), 3);
  const made = await folderNamed('Projects/old');
  assert.equal(made.messages, 3);
  assert.notEqual(made.id, id);
  await noProblems();
});

test('what is over is freed, and only that', async () => {
  const { id } = await folders.create(alice, 'Over');
  const [, keep] = [await append(id, 'gone', ['\\Deleted']), await append(id, 'kept')];
  await messages.expunge(id);
  const [mail] = await retention.expunged({ account: alice, folder: 'Over' }, 10);
  assert.equal(await retention.forget(clock.now() - DAY_MS), 0);
  clock.advance(2 * DAY_MS);
  assert.equal(await retention.forget(clock.now() - DAY_MS), 1);
  assert.deepEqual(await retention.expunged({ account: alice }, 10), []);
  assert.equal(await mails.content(mail?.mailId ?? 0), undefined);
  assert.equal((await messages.snapshot(id))?.messages.uids[0], keep.uids[0]);
  await noProblems();
});

test('mail expires by its time in the folder; a folder may have a time of its own', async () => {
  const trash = await folderNamed('Trash');
  const own = await folders.create(alice, 'Lists');
  await append(trash.id, 'old');
  await append(own.id, 'list');
  clock.advance(5 * DAY_MS);
  await append(trash.id, 'new');
  await retention.keep(own.id, DAY_MS);
  const due: string[] = [];
  for await (const { name, keepMs } of retention.folders()) due.push(`${name} ${keepMs}`);
  assert.deepEqual(due, ['Trash null', `Lists ${DAY_MS}`]);
  assert.equal(await retention.expire(trash.id, clock.now() - DAY_MS), 1);
  assert.deepEqual([...((await messages.snapshot(trash.id))?.messages.uids ?? [])], [2]);
  assert.deepEqual(await retention.kept(alice).then((rows) => rows.map(({ name }) => name)), ['Lists']);
  await retention.keep(own.id, null);
  assert.deepEqual(await retention.kept(alice), []);
});

test('with the account goes what could be undeleted; an account made anew has nothing of it', async () => {
  const carol = 'carol@example.org';
  await store.directory.addAccount(carol, password, clock.now());
  const inbox = await folders.find(carol, 'INBOX');
  await append(inbox?.id ?? 0, 'secret', ['\\Deleted']);
  await messages.expunge(inbox?.id ?? 0);
  await store.directory.removeAccount(carol);
  await store.directory.addAccount(carol, password, clock.now());
  assert.deepEqual(await retention.expunged({ account: carol }, 10), []);
  await noProblems();
});

test('forgotten expunges are told as UIDs that are not there; threads without mails are forgotten', async () => {
  const { id } = await folders.create(alice, 'Vanished');
  for (const subject of ['1', '2', '3', '4']) await append(id, subject, ['\\Deleted']);
  await messages.expunge(id, [[1, 2]]);
  const { highestModseq = 0 } = (await folders.get(id)) ?? {};
  await messages.expunge(id, [[3, 3]]);
  await store.call('retention.forgetVanished', { folder: id, count: 1 });
  assert.deepEqual([...(await messages.vanished(id, 1, [[2, 9]]))], [2, 3]);
  assert.deepEqual([...(await messages.vanished(id, 1))], [1, 2, 3]);
  assert.deepEqual([...(await messages.vanished(id, highestModseq))], [3]);
  await retention.tidy();
});

test('room is asked for only where there is a limit, and changes at once', async () => {
  let asked = 0;
  const counting = { ...quotas, state: (account: string) => ((asked += 1), quotas.state(account)), get version() { return quotas.version; } };
  const defaults: { quotaMessages?: number } = {};
  const room = createMailboxRoom({ quotas: counting, defaults: () => defaults });
  assert.equal(await room(alice, 1e9), 'room');
  assert.equal(asked, 0);
  await quotas.set(alice, { bytesMax: 1000 });
  assert.equal(await room('Alice@Example.org', 1e9), 'full');
  await quotas.set(alice, { bytesMax: 0 });
  assert.equal(await room(alice, 1e9), 'room');
  await quotas.set(alice, { bytesMax: null });
  await quotas.configure({ quotaBytes: 0, quotaMessages: 1, undeleteMs: DAY_MS });
  defaults.quotaMessages = 1;
  assert.equal(await room(alice, 0), 'full');
});
